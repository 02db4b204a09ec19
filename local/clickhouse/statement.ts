import { Failure } from './failure.ts'
import { refuseDangerous } from './forbidden.ts'
import { afterBlanks, asWritten, INLINE_BLANK, syntax, type Token, tokens } from './tokens.ts'

/**
 * A parsed statement in latin1 (one character per byte), without trailing semicolons:
 * - `insert`: the data begins at byte `dataStart`. `head` ends before SETTINGS, FORMAT or VALUES.
 * - `rows`: returns a possibly large result. INTO OUTFILE is inserted between `body` and `tail`.
 * - `command`: any other statement. `killedId` is the query_id that a KILL QUERY names.
 */
export type Statement =
  | { kind: 'insert'; head: string; settings: string; format: string; dataStart: number; firstWordEnd: number }
  | { kind: 'rows'; keyword: string; body: string; format: string | undefined; tail: string; firstWordEnd: number }
  | { kind: 'command'; keyword: string; text: string; killedId: string | undefined; firstWordEnd: number }

const ROWS = ['SELECT', 'WITH', 'FROM', 'SHOW', 'DESCRIBE', 'DESC', 'EXPLAIN', 'EXISTS']
const COMMANDS =
  'INSERT CREATE ALTER DROP UNDROP TRUNCATE RENAME EXCHANGE REPLACE OPTIMIZE SET USE KILL SYSTEM DELETE UPDATE ATTACH DETACH CHECK GRANT REVOKE BACKUP RESTORE MOVE EXECUTE'.split(
    ' ',
  )

const SEMICOLON = new RegExp(`^${INLINE_BLANK}*;`)
const SETTINGS = new RegExp(`^${INLINE_BLANK}+SETTINGS${INLINE_BLANK}`, 'i')
const LONGEST_BLANK = 3

/**
 * Parses the statement at the start of `text`. Returns undefined if more text is needed. If `complete` is true, no more
 * text can come, and an unfinished statement is an error.
 * @throws Failure SYNTAX_ERROR for several statements, unknown first words and unclosed quotes, ACCESS_DENIED for
 * forbidden ones
 */
export function readStatement(text: string, complete: boolean): Statement | undefined {
  try {
    return read(text)
  } catch (error) {
    if (complete || !(error instanceof UnfinishedInsert || error instanceof Failure)) throw finished(error, text)
    return undefined
  }

  function read(source: string): Statement | undefined {
    const stream = tokens(source)
    const first = stream.next().value as Token | undefined
    if (first === undefined) return complete ? refuseEmpty() : undefined
    const keyword = first.text === '(' ? 'SELECT' : upper(first)
    if (keyword === 'INSERT') {
      const insert = readInsert(source, first, stream, complete)
      if (insert !== undefined) return insert
    }
    if (!complete) return undefined
    return readWhole(source, keyword, first)
  }
}

export function statementText(statement: Statement): string {
  if (statement.kind === 'insert') return `${statement.head} ${statement.settings}`
  return statement.kind === 'rows' ? `${statement.body} ${statement.tail}` : statement.text
}

class UnfinishedInsert extends Error {}

function finished(error: unknown, text: string): unknown {
  return error instanceof UnfinishedInsert ? syntax(text, text.length, 'the INSERT ends before its data') : error
}

function readInsert(source: string, first: Token, stream: Generator<Token>, complete: boolean): Statement | undefined {
  const seen: Token[] = [first]
  let settingsAt: number | undefined
  for (const token of stream) {
    const word = token.depth === 0 ? upper(token) : ''
    const before = seen.at(-1)
    seen.push(token)
    if (token.kind === 'symbol' && token.text === ';') return undefined
    if (word === 'FUNCTION') throw new Failure(497, 'ACCESS_DENIED', 'INSERT INTO FUNCTION is not allowed.')
    if (word === 'SELECT' || word === 'WITH' || word === 'WATCH' || word === 'FROM') return undefined
    if (token.depth === 1 && upper(token) === 'SELECT' && before?.text === '(') return undefined
    if (word === 'SETTINGS' && seen.length > 3) settingsAt ??= token.start
    if (word === 'VALUES' && seen.length > 3) return withValues(source, seen, settingsAt, token, complete)
    if (word !== 'FORMAT' || seen.length <= 3) continue
    const name = stream.next().value as Token | undefined
    // Unless something follows the name, it may continue in the next chunk.
    if (name === undefined || (!complete && name.end === source.length)) throw new UnfinishedInsert()
    if (name.kind !== 'word') throw syntax(source, name.start, 'a format name is expected')
    return withFormat(source, seen, settingsAt, token, name, complete)
  }
  if (!complete) throw new UnfinishedInsert()
  return undefined
}

/** Returns an INSERT with VALUES. Blanks precede the data. Needs more text if a blank outside ASCII may be cut. */
function withValues(
  source: string,
  seen: Token[],
  settingsAt: number | undefined,
  values: Token,
  complete: boolean,
): Statement {
  const dataStart = afterBlanks(source, values.end)
  if (!complete && source.length - dataStart < LONGEST_BLANK) throw new UnfinishedInsert()
  return { ...dataInsert(source, seen, settingsAt, values, 'Values', values.end), dataStart }
}

/** Returns an INSERT with FORMAT. SETTINGS count on the line of the format name. On the next line, they are data. */
function withFormat(
  source: string,
  seen: Token[],
  settingsAt: number | undefined,
  format: Token,
  name: Token,
  complete: boolean,
): Statement {
  const lineEnd = source.indexOf('\n', name.end)
  if (lineEnd < 0 && !complete) throw new UnfinishedInsert()
  const line = source.slice(name.end, lineEnd < 0 ? source.length : lineEnd)
  if (SEMICOLON.test(line)) throw syntax(source, name.end, 'a semicolon after the format name is not accepted')
  if (SETTINGS.test(line)) {
    if (settingsAt !== undefined) throw syntax(source, name.end, 'SETTINGS stand twice')
    const extra = [...tokens(source.slice(0, name.end + line.length), name.end)]
    refuseDangerous(extra)
    if (extra.some((token) => token.text === ';')) throw syntax(source, name.end, 'several statements are not accepted')
    const insert = dataInsert(source, seen, format.start, format, name.text, name.end + line.length)
    const settings = source.slice(extra[0]?.start, extra.at(-1)?.end)
    return { ...insert, settings, dataStart: afterBlank(source, name.end + line.length) }
  }
  return dataInsert(source, seen, settingsAt, format, name.text, name.end)
}

function dataInsert(
  source: string,
  seen: Token[],
  settingsAt: number | undefined,
  clause: Token,
  format: string,
  headEnd: number,
) {
  refuseDangerous(seen)
  const first = seen[0] as Token
  return {
    kind: 'insert' as const,
    head: source.slice(first.start, endBefore(seen, settingsAt ?? clause.start)),
    settings: settingsAt === undefined ? '' : source.slice(settingsAt, endBefore(seen, clause.start)),
    format,
    dataStart: afterBlank(source, headEnd),
    firstWordEnd: first.end - first.start,
  }
}

/** Returns where data begins: after blanks and at most one line break, as in ClickHouse's ParserInsertQuery. */
function afterBlank(source: string, at: number): number {
  const blank = /[ \t\f]*\r?\n?/y
  blank.lastIndex = at
  return at + (blank.exec(source)?.[0].length ?? 0)
}

function readWhole(source: string, keyword: string, first: Token): Statement {
  const all = [...tokens(source)]
  const stop = all.findIndex((token) => token.kind === 'symbol' && token.text === ';')
  const own = stop < 0 ? all : all.slice(0, stop)
  if (stop >= 0 && all.slice(stop).some((token) => token.text !== ';' || token.kind !== 'symbol')) {
    throw syntax(
      source,
      all[stop]?.start ?? 0,
      'several statements in one request are not accepted (Multi-statements are not allowed)',
    )
  }
  if (!ROWS.includes(keyword) && !COMMANDS.includes(keyword)) {
    throw syntax(source, first.start, `(${asWritten(first.text.slice(0, 40))}): no statement begins like this`)
  }
  refuseDangerous(own)
  refuseHiddenData(source, own)
  const end = own.at(-1)?.end ?? source.length
  const firstWordEnd = first.end - first.start
  const inserts = own.some((token) => token.kind === 'word' && upper(token) === 'INSERT')
  const isRows = ROWS.includes(keyword) && !(inserts && keyword === 'WITH')
  if (!isRows) {
    const killedId = keyword === 'KILL' ? killedQuery(own) : undefined
    return { kind: 'command', keyword, text: source.slice(first.start, end), killedId, firstWordEnd }
  }
  const format = formatClause(own)
  return {
    kind: 'rows',
    keyword,
    body: source.slice(first.start, format === undefined ? end : endBefore(own, format.start)),
    format: format?.name,
    tail: format === undefined ? '' : source.slice(format.start, end),
    firstWordEnd,
  }
}

function endBefore(own: Token[], at: number): number {
  return own.findLast((token) => token.end <= at)?.end ?? at
}

function killedQuery(own: Token[]): string | undefined {
  const [, query, where, column, equals, id, mode] = own
  const isSync = own.some((token) => upper(token) === 'SYNC')
  const isById =
    query !== undefined && where !== undefined && column?.text.toLowerCase() === 'query_id' && equals?.text === '='
  if (isById && id?.kind === 'string' && !id.text.includes('\\') && own.length <= 7 && upper(mode) !== 'TEST') {
    return id.text
  }
  if (isSync) throw new Failure(48, 'NOT_IMPLEMENTED', 'KILL QUERY … SYNC never returns in this engine; use ASYNC.')
  return undefined
}

/** Returns the clause `FORMAT X` at the end of a query, also before SETTINGS. Returns undefined if there is none. */
function formatClause(own: Token[]): { start: number; name: string } | undefined {
  for (let index = own.length - 2; index > 0; index--) {
    const [token, name, next] = [own[index], own[index + 1], own[index + 2]]
    if (token?.kind !== 'word' || token.depth !== 0 || upper(token) !== 'FORMAT') continue
    if (name?.kind !== 'word' || (next !== undefined && upper(next) !== 'SETTINGS')) continue
    return { start: token.start, name: name.text }
  }
  return undefined
}

/**
 * Refuses data in an INSERT with SELECT or WITH: the engine would run text after its first blank line as a statement.
 */
function refuseHiddenData(source: string, own: Token[]): void {
  const words = own.filter((token) => token.kind === 'word')
  if (!words.some((token) => upper(token) === 'INSERT')) return
  const data = words.find((token) => token.depth === 0 && ['FORMAT', 'VALUES'].includes(upper(token)))
  if (data !== undefined) throw syntax(source, data.start, `${upper(data)} is not accepted in this kind of INSERT`)
}

function refuseEmpty(): never {
  throw new Failure(62, 'SYNTAX_ERROR', 'Syntax error: Empty query.')
}

function upper(token: Token | undefined): string {
  return token?.kind === 'word' ? token.text.toUpperCase() : ''
}
