// Composes an answer of other times, or of some rows, from stored answers.
import { type Edit, editText, elementsAt, membersAt, type Place, startOf, writeList } from '../answers/json-bytes.ts'
import { isRefusal } from '../answers/refusal.ts'
import { isSameWindow, overlapOf } from '../answers/site-requests.ts'
import { parseModifiedMs, showWindow } from '../answers/times.ts'
import type { Window } from '../calendar.ts'
import type { SiteAnswer } from '../site.ts'
import { type Rows, readRows } from './rows.ts'

export interface WantedRows {
  /** Rows that begin within it are wanted. */
  span: Window
  skip: number
  /** Undefined: all rows after the skipped ones. */
  take: number | undefined
}

/** A stored answer, and where its rows and the values of its envelope are. */
export interface CutAnswer {
  body: Uint8Array
  envelope: Pick<Rows['envelope'], 'totalRows' | 'totalRowsWithFilter' | 'skip' | 'take' | 'lastModifiedOn'>
  members: ReadonlyMap<string, Place>
  rows: CutRow[]
}

/** A row of an answer. `timeMs` is undefined if it begins at the end of the window, so that it is not of the window. */
export interface CutRow {
  timeMs: number | undefined
  place: Place
  of: CutAnswer
}

/** Returns the rows of days in upstream's form. Rows of two windows keep their order. */
export function composeRows(answers: readonly SiteAnswer[], wanted: WantedRows): Uint8Array {
  const { span, skip, take } = wanted
  const [first] = answers
  if (first && answers.length === 1 && isSameWindow(first.window, span) && skip === 0 && take === undefined) {
    return first.body
  }
  const cut = answers.map(cutAnswer)
  const rows = cut.flatMap((answer, index) => rowsWithin(answer.rows, span, (answers[index] as SiteAnswer).window))
  return writeAnswer(cut[0], rows.slice(skip, lastOf(wanted)), rows.length, wanted) ?? emptyAnswer
}

const emptyAnswer = Buffer.from('{"data":[],"rejected":false,"messages":null}')

/** Returns the number of the row before which the wanted rows end, counted from the first row of the span. */
export const lastOf = ({ skip, take = Number.POSITIVE_INFINITY }: WantedRows): number => skip + take

/** Returns the rows of an answer that begin within the span and within the window of the answer. */
export function rowsWithin(rows: readonly CutRow[], span: Window, window: Window): CutRow[] {
  const { startMs, endMs } = overlapOf(span, window)
  return rows.filter(({ timeMs }) => timeMs !== undefined && timeMs >= startMs && timeMs < endMs)
}

/** @throws Error that says why the answer cannot be read */
export function cutAnswer({ body, window }: Pick<SiteAnswer, 'body' | 'window'>): CutAnswer {
  const read = readRows(body, window)
  if (isRefusal(read)) {
    throw new Error(`the stored answer of ${showWindow(window)} cannot be read: ${read.reason}: ${read.message}`)
  }
  const members = membersAt(body, startOf(body))
  const times = new Map(read.rows.map(({ index, timeMs }) => [index, timeMs]))
  // The envelope that was read has all rows, too. They would stay in memory until the answer is composed.
  const { totalRows, totalRowsWithFilter, skip, take, lastModifiedOn } = read.envelope
  const envelope = { totalRows, totalRowsWithFilter, skip, take, lastModifiedOn }
  const answer: CutAnswer = { body, envelope, members, rows: [] }
  const data = members.get('data') as Place
  answer.rows = elementsAt(body, data.start).map((place, index) => ({ timeMs: times.get(index), place, of: answer }))
  return answer
}

/**
 * Writes rows into the envelope of the answer of the first row, or of `empty` if there are none. Counts of the envelope
 * become those of the answer: `total` is how many rows there are, whatever is skipped and taken. Returns the body of a
 * stored answer if nothing of it changes. Returns undefined if there is no answer.
 */
export function writeAnswer(
  empty: CutAnswer | undefined,
  rows: readonly CutRow[],
  total: number,
  { skip, take }: WantedRows,
): Uint8Array | undefined {
  const form = rows[0]?.of ?? empty
  if (form === undefined) return undefined
  const { body, envelope, members } = form
  const edits: Edit[] = []
  const edit = (name: string, value: Uint8Array | number): void => {
    const place = members.get(name)
    if (place) edits.push({ place, value: typeof value === 'number' ? Buffer.from(`${value}`) : value })
  }
  if (rows.length !== form.rows.length || rows.some(({ of }) => of !== form)) {
    edit('data', writeList(rows.map(({ of, place }) => of.body.subarray(place.start, place.end))))
  }
  const counts = { totalRows: total, totalRowsWithFilter: total, skip, ...(take !== undefined && { take }) }
  for (const [name, count] of Object.entries(counts)) {
    const stored = envelope[name as keyof typeof counts]
    if (typeof stored === 'number' && stored !== count) edit(name, count)
  }
  const modified = newestModification(form, rows)
  if (modified !== form) edit('lastModifiedOn', bytesOf(modified, 'lastModifiedOn'))
  return editText(body, edits)
}

const bytesOf = ({ body, members }: CutAnswer, name: string): Uint8Array => {
  const { start, end } = members.get(name) as Place
  return body.subarray(start, end)
}

/** Returns the answer with the newest `lastModifiedOn` in its envelope, among `form` and the answers of the rows. */
function newestModification(form: CutAnswer, rows: readonly CutRow[]): CutAnswer {
  const modifiedMs = ({ envelope }: CutAnswer) => parseModifiedMs(envelope.lastModifiedOn) ?? Number.NEGATIVE_INFINITY
  return [...new Set(rows.map(({ of }) => of))].reduce(
    (newest, answer) => (modifiedMs(answer) > modifiedMs(newest) ? answer : newest),
    form,
  )
}
