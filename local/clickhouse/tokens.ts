import { Failure } from './failure.ts'

/** `word`: a bare keyword, name or number. `name`: a quoted name, whose `text` omits the backticks or double quotes. */
export interface Token {
  kind: 'word' | 'name' | 'string' | 'symbol'
  text: string
  start: number
  end: number
  depth: number
}

/** Blanks outside ASCII that the engine skips, as UTF-8 bytes. */
const WIDE =
  '\\xc2[\\x85\\xa0]|\\xe1\\xa0\\x8e|\\xe2\\x80[\\x80-\\x8d\\xa8\\xa9\\xaf]|\\xe2\\x81[\\x9f\\xa0]|\\xe3\\x80\\x80|\\xef\\xbb\\xbf'
const BLANK = new RegExp(`(?:[ \\t\\n\\r\\f\\v]|${WIDE})+`, 'y')
export const INLINE_BLANK = `(?:[ \\t\\f\\v]|${WIDE})`
/** A number ends before a $, because `$tag$` may begin a string (heredoc). */
const WORD = /[A-Za-z_][A-Za-z0-9_$]*|[0-9][A-Za-z0-9_]*/y
const LINE_COMMENT = /(?:--|\/\/|#!|# )[^\n]*/y
const HEREDOC = /\$[A-Za-z0-9_]*\$/y
const SYMBOL = /[-+*/%=<>!.,:;?|^@()[\]{}]|\xe2\x88\x92/y
const PRINTABLE = /^[\p{L}\p{N}\p{P}\p{S}]$/u

/**
 * Splits a statement into tokens like ClickHouse's Lexer.cpp. Refuses text that Lexer.cpp could read differently:
 * letters outside ASCII, `\G`, a stray `$`, and unclosed quotes or comments. Lazy, so that data is not read. `text` is
 * latin1, so that offsets are bytes.
 * @throws Failure SYNTAX_ERROR
 */
export function* tokens(text: string, from = 0): Generator<Token> {
  let at = from
  let depth = 0
  while (at < text.length) {
    const skipped = matchAt(BLANK, text, at) ?? matchAt(LINE_COMMENT, text, at)
    if (skipped !== undefined) {
      at += skipped.length
      continue
    }
    if (text.startsWith('/*', at)) {
      at = commentEnd(text, at)
      continue
    }
    const token = tokenAt(text, at)
    if (token.kind === 'symbol' && ')]}'.includes(token.text)) depth = Math.max(0, depth - 1)
    yield { ...token, depth }
    if (token.kind === 'symbol' && '([{'.includes(token.text)) depth++
    at = token.end
  }
}

function tokenAt(text: string, start: number): Omit<Token, 'depth'> {
  const word = matchAt(WORD, text, start)
  if (word !== undefined) return { kind: 'word', text: word, start, end: start + word.length }
  const char = text.charAt(start)
  if (char === "'") return quoted(text, start, 'string')
  if (char === '`' || char === '"') return quoted(text, start, 'name')
  if (char === '$') return heredoc(text, start)
  const symbol = matchAt(SYMBOL, text, start)
  if (symbol !== undefined) return { kind: 'symbol', text: symbol, start, end: start + symbol.length }
  throw strangeCharacter(text, start)
}

function strangeCharacter(text: string, start: number): Failure {
  const [character = ''] = asWritten(text.slice(start, start + 4))
  const code = character.codePointAt(0) ?? 0
  if (character === '\ufffd') return syntax(text, start, `the byte 0x${hex(text.charCodeAt(start), 2)} is not UTF-8`)
  const name = PRINTABLE.test(character) ? `${character} (U+${hex(code, 4)})` : `U+${hex(code, 4)}`
  const isQuote = /[\p{Pi}\p{Pf}‚„]/u.test(character)
  const hint = isQuote ? `; texts stand in ' and names in " or \`` : ''
  return syntax(text, start, `the character ${name} is not accepted outside quotes${hint}`)
}

function quoted(text: string, start: number, kind: 'string' | 'name'): Omit<Token, 'depth'> {
  const quote = text.charAt(start)
  let at = start + 1
  while (at < text.length) {
    const char = text.charAt(at)
    if (char === '\\') at += 2
    else if (char !== quote) at++
    else if (text.charAt(at + 1) === quote) at += 2
    else return { kind, text: text.slice(start + 1, at), start, end: at + 1 }
  }
  throw syntax(text, start, `the quote ${quote} is not closed`)
}

function heredoc(text: string, start: number): Omit<Token, 'depth'> {
  const tag = matchAt(HEREDOC, text, start)
  const close = tag === undefined ? -1 : text.indexOf(tag, start + tag.length)
  if (tag === undefined || close < 0) throw syntax(text, start, 'a $ that opens no closed heredoc is not accepted')
  return { kind: 'string', text: text.slice(start + tag.length, close), start, end: close + tag.length }
}

function commentEnd(text: string, start: number): number {
  let nested = 0
  for (const mark of text.slice(start).matchAll(/\/\*|\*\//g)) {
    nested += mark[0] === '/*' ? 1 : -1
    if (nested === 0) return start + mark.index + 2
  }
  throw syntax(text, start, 'the comment is not closed')
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

export function afterBlanks(text: string, at: number): number {
  return at + (matchAt(BLANK, text, at)?.length ?? 0)
}

export function asWritten(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8')
}

export function syntax(text: string, start: number, sentence: string): Failure {
  const position = (text.slice(0, start).match(/[^\x80-\xbf]/g)?.length ?? 0) + 1
  return new Failure(62, 'SYNTAX_ERROR', `Syntax error: failed at position ${position}: ${sentence}.`)
}

const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0')
