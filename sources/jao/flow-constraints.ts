// Reads pages of a flow-based domain: one row per constraint. Columns come and go, so a record has fields only for the
// margin and for what identifies the constraint. Its maps hold the other columns by upstream's names.
import { isRefusal, quoteJson, refused, refuseUnexpectedNames, rejectionOf } from '../answers/refusal.ts'
import { iso, parseModifiedMs } from '../answers/times.ts'
import type { Answer, Coverage, ExplodeResult, OwnRecord, Refusal, RequestTarget } from '../source.ts'
import type { FlowConstraint } from './generated/records.ts'
import { type Row, type Rows, readRows } from './rows.ts'

export const constraintsTopic = 'constraints'

/** Rows per page. The 12,770 rows of an hour have 21 to 22 MB, so a page has 3.5 MB, half the limit of a raw record. */
export const rowsPerPage = 2_000

/** Returns the number of rows of an answer, and of the whole hour (`total`). @throws Error if it cannot be read */
export function rowsIn(body: Uint8Array): { rows: number; total: number } {
  const read = readRows(body, { startMs: -Infinity, endMs: Infinity })
  const total = isRefusal(read) ? read : totalRows(read.envelope)
  if (isRefusal(read) || typeof total !== 'number') {
    const { reason, message } = total as Refusal
    throw new Error(`${reason}: ${message}`)
  }
  return { rows: read.rows.length + read.atWindowEnd, total }
}

/**
 * Returns `complete` if no row of the page is missing, and a row has a margin (ram) or a factor (ptdf). Returns a
 * refusal if upstream rejected the request. @throws Error if explode refuses the answer for another reason
 */
export function assessConstraints(body: Uint8Array, asked: RequestTarget): Coverage | Refusal {
  const read = readConstraints({ body, ...asked })
  if (isRefusal(read)) return rejectionOf(read)
  const { page, constraints } = read
  if (page.rows.length === 0) return 'empty'
  const isFull = page.rows.length + page.atWindowEnd >= Math.min(rowsPerPage, page.total - page.skip)
  const hasNumbers = constraints.some(({ ram, ptdf }) => ram !== null || Object.keys(ptdf).length > 0)
  return isFull && hasNumbers ? 'complete' : 'partial'
}

/** Returns one record per row, and no slices. If the answer only counts rows, `counted` is the hour's row count. */
export function explodeConstraints(dataset: string, answer: Omit<Answer, 'status'>): ExplodeResult {
  const read = readConstraints(answer)
  if (isRefusal(read)) return { slices: [], refusal: read, ignored: {} }
  const { page, constraints } = read
  const records = constraints.map((fields): OwnRecord => {
    return { topic: constraintsTopic, key: `${dataset}/${iso(answer.window.startMs)}/${fields.row}`, fields }
  })
  const counts = page.rows.length === 0 && (answer.selector ?? null) === null
  const ignored = page.atWindowEnd > 0 ? { 'row-at-window-end': page.atWindowEnd } : {}
  return { slices: [], records, ...(counts && { counted: page.total }), ignored }
}

function readConstraints(answer: Omit<Answer, 'status'>): { page: Page; constraints: Fields[] } | Refusal {
  const page = readPage(answer)
  if (isRefusal(page)) return page
  const constraints: Fields[] = []
  for (const row of page.rows) {
    const fields = constraintOf(row, page)
    if (isRefusal(fields)) return fields
    constraints.push(fields)
  }
  const columns = page.rows.flatMap(({ cells }) => Object.keys(cells))
  if (page.rows.length === 0 || columns.some(isExpected)) return { page, constraints }
  const others = columns.filter((column) => !unkept.has(column))
  return refuseUnexpectedNames('the rows have the columns', others, [...identities, 'ram', 'ptdf_<hub>'].join(', '))
}

const isExpected = (column: string): boolean => column === 'ram' || column.startsWith('ptdf_') || isIdentity(column)

interface Page extends Rows {
  skip: number
  total: number
}

function readPage({ body, window, selector }: Omit<Answer, 'status'>): Page | Refusal {
  const read = readRows(body, window)
  if (isRefusal(read)) return read
  const total = totalRows(read.envelope)
  if (typeof total !== 'number') return total
  const skip = skipOf(selector)
  const answeredSkip = read.envelope.skip
  if (typeof answeredSkip === 'number' && answeredSkip !== skip) {
    return refused('schema', `the page begins after ${answeredSkip} rows, asked for was the one after ${skip}`)
  }
  const rows = read.rows.length + read.atWindowEnd
  if (rows > rowsPerPage) return refused('schema', `${rows} rows in a page of at most ${rowsPerPage}`)
  return { ...read, skip, total }
}

/** Returns the number of rows before the page with the selector `rows-<skip>`: 2000 for rows-2000. Otherwise 0. */
export const skipOf = (selector: string | null | undefined): number =>
  Number(/^rows-(\d{1,9})$/.exec(selector ?? '')?.[1] ?? 0)

type RowCounts = Pick<Rows['envelope'], 'totalRows' | 'totalRowsWithFilter'>

/** Returns how many rows the window has, as an answer says. */
export function totalRows({ totalRows, totalRowsWithFilter }: RowCounts): number | Refusal {
  const total = totalRowsWithFilter ?? totalRows
  if (typeof total === 'number' && Number.isInteger(total) && total >= 0 && total <= 2 ** 31 - 1) return total
  return refused('schema', `the answer does not say how many rows there are: totalRowsWithFilter ${quoteJson(total)}`)
}

/** Columns that the maps omit: `id` changes with every publication, the other two are fields of the record. */
const unkept = new Set(['id', 'dateTimeUtc', 'lastModifiedOn'])
const maxColumns = 1_000

type Fields = Omit<FlowConstraint, keyof Provenance>
type Provenance = Pick<
  FlowConstraint,
  'dataset' | 'windowStart' | 'windowEnd' | 'knownAt' | 'transformVersion' | 'origin' | 'raw'
>

function constraintOf({ timeMs, index, cells }: Row, { skip, total, envelope }: Page): Fields | Refusal {
  const fields: Omit<Fields, 'ptdf' | 'numbers' | 'texts'> = {
    ...{ skip, row: skip + index, totalRows: total, start: timeMs },
    ...{ tso: null, cneName: null, cneEic: null, direction: null, contName: null, presolved: null, ram: null },
    contingencies: [],
    upstreamModifiedAt: parseModifiedMs(cells.lastModifiedOn) ?? parseModifiedMs(envelope.lastModifiedOn) ?? null,
  }
  const ptdf: [string, number][] = []
  const numbers: [string, number][] = []
  const texts: [string, string][] = []
  const columns = Object.keys(cells)
  if (columns.length > maxColumns) return refused('too-many-keys', `data[${index}] has more than ${maxColumns} columns`)
  for (const column of columns) {
    const value = cells[column]
    if (value === null || unkept.has(column)) continue
    if (typeof value === 'number') {
      if (!Number.isFinite(value)) return refused('type', `${column} of data[${index}] is no finite number`)
      if (column === 'ram') fields.ram = value
      else if (column.startsWith('ptdf_')) ptdf.push([column.slice('ptdf_'.length), value])
      else numbers.push([column, value])
    } else if (typeof value === 'string') {
      if (isIdentity(column)) fields[column] = value
      else texts.push([column, value])
    } else if (typeof value === 'boolean' && (column === 'presolved' || column === 'nonRedundant')) {
      fields.presolved = value
    } else if (column === 'contingencies' && isList(value)) fields.contingencies = value.map(asTexts)
    else texts.push([column, quoteJson(value, 2_000)])
  }
  const maps = {
    ptdf: Object.fromEntries(ptdf),
    numbers: Object.fromEntries(numbers),
    texts: Object.fromEntries(texts),
  }
  return { ...fields, ...maps }
}

type Identity = 'tso' | 'cneName' | 'cneEic' | 'direction' | 'contName'
const identities = new Set<string>(['tso', 'cneName', 'cneEic', 'direction', 'contName'] satisfies Identity[])
const isIdentity = (column: string): column is Identity => identities.has(column)

const isList = (value: unknown): value is Record<string, unknown>[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'object' && each !== null && !Array.isArray(each))

const asTexts = (object: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(object).flatMap(([name, value]): [string, string][] =>
      value === null ? [] : [[name, typeof value === 'string' ? value : quoteJson(value, 2_000)]],
    ),
  )
