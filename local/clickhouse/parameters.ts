import { Failure } from './failure.ts'
import { refuseDangerousParameter } from './forbidden.ts'
import { quoteName, quoteString } from './quote.ts'
import { joinQueries } from './source.ts'
import { tokens } from './tokens.ts'

export interface Parameters {
  query: string
  database: string | undefined
  defaultFormat: string
  queryId: string | undefined
  session: { id: string; timeoutS: number; mustExist: boolean } | undefined
  readonly: number
  /** Revision of the format Native that the client reads (client_protocol_version). 0: Native as in files. */
  nativeRevision: number
  compressResponse: boolean
  waitEndOfQuery: boolean
  settings: [string, string][]
  bound: [string, string][]
}

const NAME = /^[A-Za-z_][A-Za-z0-9_.]{0,127}$/
/** Parameters that this endpoint handles or ignores. They are never passed to the engine. */
const OWN = new Set(
  'query database default_format user password query_id session_id session_timeout session_check close_session quota_key compress decompress wait_end_of_query buffer_size stacktrace role client_protocol_version add_http_cors_header http_headers_progress_interval_ms send_progress_in_http_headers readonly enable_http_compression input_format_values_interpret_expressions input_format_values_deduce_templates_of_expressions'.split(
    ' ',
  ),
)
const MAX_SESSION_TIMEOUT_S = 3600

/**
 * Sorts the parameters of a request like ClickHouse's server: the names in OWN, query parameters (`param_<name>`), and
 * settings (every other name).
 * @throws Failure UNKNOWN_SETTING, UNKNOWN_FORMAT, UNKNOWN_ROLE, CANNOT_PARSE_TEXT, BAD_ARGUMENTS,
 * INVALID_SESSION_TIMEOUT, or NOT_IMPLEMENTED for native compression
 */
export function readParameters(url: URLSearchParams, headers: Record<string, string | undefined>): Parameters {
  const defaultFormat = formatName(url.get('default_format') ?? headers['x-clickhouse-format'] ?? 'TabSeparated')
  const nativeRevision = revisionOf(url)
  for (const name of ['compress', 'decompress']) {
    if (isOn(url.get(name))) {
      refuseNewerNativeRevision(defaultFormat, nativeRevision)
      const what = `${name}=1 (ClickHouse's own block compression) is not served`
      const instead = `switch the client's compression off (compress=0) or use HTTP's own`
      throw new Failure(48, 'NOT_IMPLEMENTED', `${what}; ${instead}. docs/clients.md of tidemark says how.`)
    }
  }
  if (url.has('role')) throw new Failure(511, 'UNKNOWN_ROLE', 'This endpoint has no roles.')
  const sessionId = url.get('session_id') ?? ''
  const rest = [...url].filter(([name]) => !OWN.has(name))
  return {
    query: joinQueries(url.getAll('query')),
    database: url.get('database') ?? headers['x-clickhouse-database'],
    defaultFormat,
    queryId: queryIdOf(url),
    session: sessionId === '' ? undefined : { id: sessionId, ...sessionRules(url) },
    readonly: readonlyLevel(url.get('readonly')),
    nativeRevision,
    compressResponse: isOn(url.get('enable_http_compression')),
    waitEndOfQuery: isOn(url.get('wait_end_of_query')),
    settings: rest.filter(([name]) => !name.startsWith('param_')).map(checkedSetting),
    bound: firstOfEach(rest.filter(([name]) => name.startsWith('param_')).map(checkedSetting)),
  }
}

/** Returns the SET and USE statements of one request. `SET readonly` comes last, because it forbids later changes. */
export function setStatements(parameters: Parameters, readonly: number): string {
  const assignments = [...parameters.bound, ...parameters.settings]
  const lines = assignments.map(([name, value]) => `SET ${name}=${quoteString(value)};\n`)
  if (parameters.database !== undefined && parameters.database !== '')
    lines.push(`USE ${quoteName(parameters.database)};\n`)
  if (readonly > 0) lines.push(`SET readonly=${readonly};\n`)
  return lines.join('')
}

/** Refuses names of forbidden functions: `{name:Identifier}` may stand for a function. @throws Failure ACCESS_DENIED */
export function checkIdentifierParameters(statement: string, bound: [string, string][]): void {
  if (!/identifier/i.test(statement)) return
  for (const [, value] of bound) refuseDangerousParameter(value)
}

/**
 * Refuses `{name:Type}` if this request does not set the query parameter `name`. Otherwise a session would use the
 * value of an earlier request, because the engine cannot unset it. Does not check the query of a CREATE VIEW: its
 * parameters get their values when the view is read.
 * @throws Failure UNKNOWN_QUERY_PARAMETER
 */
export function checkSubstitutions(statement: string, bound: [string, string][]): void {
  const own = [...tokens(statement)]
  const beginning = own.slice(0, 4).map(({ text }) => text)
  const isView = /^CREATE (OR REPLACE )?VIEW\b/i.test(beginning.join(' '))
  const end = isView ? own.findIndex(({ text, depth }) => depth === 0 && /^as$/i.test(text)) : -1
  for (const [index, { kind, text }] of own.slice(0, end < 0 ? own.length : end).entries()) {
    const name = own[index + 1]
    if (kind !== 'symbol' || text !== '{' || name?.kind !== 'word' || own[index + 2]?.text !== ':') continue
    if (bound.some(([given]) => given === `param_${name.text}`)) continue
    throw new Failure(456, 'UNKNOWN_QUERY_PARAMETER', `Substitution \`${name.text}\` is not set.`)
  }
}

/**
 * Refuses FORMAT Native for newer clients: the engine writes only the Native format of files, which these clients
 * misread.
 * @throws Failure NOT_IMPLEMENTED
 */
export function refuseNewerNativeRevision(format: string, revision: number): void {
  if (revision === 0 || format.toLowerCase() !== 'native') return
  const what = `FORMAT Native of revision ${revision} (client_protocol_version) is not served`
  const who = 'clickhouse-go from 2.37 on and the ClickHouse plugin of Grafana Labs read nothing else'
  throw new Failure(
    48,
    'NOT_IMPLEMENTED',
    `${what}; ${who}. Ask for another format, such as JSON or RowBinary, or take another client: docs/clients.md of tidemark names those that work.`,
  )
}

function revisionOf(url: URLSearchParams): number {
  const text = url.get('client_protocol_version') ?? '0'
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new Failure(6, 'CANNOT_PARSE_TEXT', 'client_protocol_version must be a number.')
}

function firstOfEach(pairs: [string, string][]): [string, string][] {
  return pairs.filter(([name], index) => pairs.findIndex(([other]) => other === name) === index)
}

function checkedSetting(pair: [string, string]): [string, string] {
  if (!NAME.test(pair[0])) throw new Failure(115, 'UNKNOWN_SETTING', `Unknown setting '${pair[0].slice(0, 100)}'.`)
  return pair
}

function queryIdOf(url: URLSearchParams): string | undefined {
  const id = url.get('query_id') || undefined
  if (id === undefined || /^[\x20-\x7e]{1,200}$/.test(id)) return id
  throw new Failure(36, 'BAD_ARGUMENTS', 'query_id must be at most 200 printable ASCII characters.')
}

function formatName(name: string): string {
  if (!NAME.test(name)) throw new Failure(73, 'UNKNOWN_FORMAT', `Unknown format ${name.slice(0, 100)}.`)
  return name
}

function sessionRules(url: URLSearchParams): { timeoutS: number; mustExist: boolean } {
  const timeoutS = Number(url.get('session_timeout') ?? 60)
  if (!Number.isFinite(timeoutS) || timeoutS < 0 || timeoutS > MAX_SESSION_TIMEOUT_S) {
    throw new Failure(
      374,
      'INVALID_SESSION_TIMEOUT',
      `session_timeout must be from 0 to ${MAX_SESSION_TIMEOUT_S} seconds.`,
    )
  }
  return { timeoutS, mustExist: isOn(url.get('session_check')) }
}

function readonlyLevel(value: string | null): number {
  if (value === null || value === '0') return 0
  if (value === '1' || value === '2') return Number(value)
  throw new Failure(36, 'BAD_ARGUMENTS', 'readonly must be 0, 1 or 2.')
}

function isOn(value: string | null): boolean {
  return value === '1' || value?.toLowerCase() === 'true'
}
