import { Failure } from './failure.ts'

/** `word` is bare (keyword, name, number); `name` is quoted by backticks or double quotes, text without the quotes. */
export interface Token {
  kind: 'word' | 'name' | 'string' | 'symbol'
  text: string
  start: number
  end: number
  depth: number
}

const WORD = /[A-Za-z0-9_][A-Za-z0-9_$]*/y
const BLANK = /[ \t\n\r\f\v]+/y
const LINE_COMMENT = /(?:--|#!|# )[^\n]*/y
const HEREDOC = /\$[A-Za-z0-9_]*\$/y
const SYMBOL = /[-+*/%=<>!.,:;?|^@()[\]{}]/y

/**
 * Cuts a statement as ClickHouse's Lexer.cpp does: nested comments, heredocs, escapes and doubled quotes. Lazy, so that
 * whoever stops at the head of an INSERT never looks at its data. What the two could read differently (curly quotes
 * and other letters outside ASCII, `\G`, a stray `$`, anything that is not closed) is refused, never guessed.
 * `text` holds one character a byte (latin1); positions are byte offsets.
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
  if (symbol !== undefined) return { kind: 'symbol', text: symbol, start, end: start + 1 }
  throw syntax(start, `the character ${JSON.stringify(char)} is not accepted outside quotes`)
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
  throw syntax(start, `the quote ${quote} is not closed`)
}

function heredoc(text: string, start: number): Omit<Token, 'depth'> {
  const tag = matchAt(HEREDOC, text, start)
  const close = tag === undefined ? -1 : text.indexOf(tag, start + tag.length)
  if (tag === undefined || close < 0) throw syntax(start, 'a $ that opens no closed heredoc is not accepted')
  return { kind: 'string', text: text.slice(start + tag.length, close), start, end: close + tag.length }
}

function commentEnd(text: string, start: number): number {
  let nested = 0
  for (const mark of text.slice(start).matchAll(/\/\*|\*\//g)) {
    nested += mark[0] === '/*' ? 1 : -1
    if (nested === 0) return start + mark.index + 2
  }
  throw syntax(start, 'the comment is not closed')
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

export function syntax(position: number, sentence: string): Failure {
  return new Failure(62, 'SYNTAX_ERROR', `Syntax error: failed at position ${position + 1}: ${sentence}.`)
}
