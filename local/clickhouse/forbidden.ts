import { Failure } from './failure.ts'
import { asWritten, type Token } from './tokens.ts'

/**
 * Functions that reach files, processes or memory and that grants do not stop. In 26.7.2 the scalar function file()
 * reads any file of the machine, also as APPLY(file), arrayMap(file, …) and quoted.
 */
const NAMES = ['FILE', 'EXECUTABLE', 'EXECUTABLEPOOL', 'EVAL', 'CATBOOSTEVALUATE']
const CLAUSES = ['OUTFILE', 'INFILE']
/** Settings that make the engine evaluate SQL in data. Only this endpoint may set them. */
const SETTINGS = ['INPUT_FORMAT_VALUES_INTERPRET_EXPRESSIONS', 'INPUT_FORMAT_VALUES_DEDUCE_TEMPLATES_OF_EXPRESSIONS']
/** Table functions that take columns as a string. A DEFAULT in this string is SQL that a later table may inherit. */
const STRUCTURED = ['NULL', 'INPUT', 'GENERATERANDOM', 'VALUES', 'SQLSTANDARDVALUES']

/**
 * The only allowed table engines. Others use paths of the machine (TRUNCATE of EmbeddedRocksDB empties the path), reach
 * other machines, or run SQL from data. The embedded engine of 26.7 ignores table_engines_require_grant.
 */
const TABLES = `MergeTree ReplacingMergeTree AggregatingMergeTree SummingMergeTree CollapsingMergeTree
VersionedCollapsingMergeTree CoalescingMergeTree Null Memory Log TinyLog StripeLog Join Set Buffer Merge`.split(/\s+/)
const DATABASES = ['Atomic']

/** Refuses what no user may run in `own`, the tokens of a statement or of VALUES data. @throws Failure ACCESS_DENIED */
export function refuseDangerous(own: Token[]): void {
  const engine = forbiddenEngine(own)
  if (engine !== undefined) throw denied(`ENGINE ${asWritten(engine)} (quote engine by backticks if it is a name)`)
  own.forEach((token, index) => {
    if (token.kind !== 'word' && token.kind !== 'name') return
    const text = token.text.toUpperCase()
    if (token.kind === 'name' && text.includes('\\')) throw denied('a quoted name with a backslash')
    if (NAMES.includes(text)) throw denied(`the name ${token.text}`)
    if (token.kind === 'word' && CLAUSES.includes(text)) throw denied(`${text} (quote it by backticks if it is a name)`)
    if (SETTINGS.includes(text)) throw denied(`changing ${token.text}`)
    const called = own[index + 1]?.kind === 'symbol' && own[index + 1]?.text === '('
    if (called && text === 'DISK') throw denied('a disk defined in a statement')
    // The format ArrowStream has no bracket after it. The table function arrowstream() reads memory at an address.
    if (called && text === 'ARROWSTREAM') throw denied('arrowstream()')
    if (called && text === 'FORMAT' && !isTemplate(own[index + 2])) {
      throw denied('format() with anything but a literal template as its first argument')
    }
    if (called && STRUCTURED.includes(text) && !isPlainStructure(text, own[index + 2])) {
      throw denied(`${token.text}() with columns that are no plain list of names and types`)
    }
    if (text === 'SET' && own[index + 1]?.text.toUpperCase().startsWith('PARAM_')) throw denied('SET param_…')
  })
}

/** Allows format('{}', x), which formats text. The table function format() evaluates DEFAULTs hidden in a string. */
function isTemplate(token: Token | undefined): boolean {
  return token?.kind === 'string' && token.text.includes('{')
}

/** Only values() may begin with an expression. In another function, this argument could hide a DEFAULT. */
function isPlainStructure(name: string, first: Token | undefined): boolean {
  if (first?.kind !== 'string') return name.endsWith('VALUES') || first?.text === ')'
  return !/default|materialized|alias|ephemeral|\\[^']/i.test(first.text)
}

export function refuseDangerousParameter(value: string): void {
  if (NAMES.includes(value.trim().toUpperCase())) throw denied(`a parameter ${JSON.stringify(value)} used as a name`)
}

function denied(what: string): Failure {
  return new Failure(497, 'ACCESS_DENIED', `Not allowed on this endpoint: ${what}.`)
}

/**
 * Returns the first forbidden engine that a statement names, also after PARALLEL WITH, which joins statements. Returns
 * undefined if there is none.
 */
export function forbiddenEngine(own: Token[]): string | undefined {
  if (!own.some((token, index) => defines(token, own[index + 1]))) return undefined
  for (const [index, token] of own.entries()) {
    if (!isWord(token, 'ENGINE')) continue
    const name = own[index + 1]?.text === '=' ? own[index + 2] : own[index + 1]
    const isPlain = name?.kind === 'word' || name?.kind === 'name'
    const allowed = isOfDatabase(own.slice(0, index)) ? DATABASES : TABLES
    if (!isPlain || !allowed.includes(name.text)) return name?.text ?? ''
  }
  return undefined
}

function defines(token: Token, next: Token | undefined): boolean {
  if (isWord(token, 'CREATE') || isWord(token, 'ATTACH')) return true
  return isWord(token, 'REPLACE') && next?.text !== '('
}

function isOfDatabase(before: Token[]): boolean {
  const verb = before.findLastIndex((token) => isWord(token, 'CREATE') || isWord(token, 'ATTACH'))
  return verb >= 0 && isWord(before[verb + 1], 'DATABASE')
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toUpperCase() === word
}
