// Composes an answer with rows of a flow-based domain. An hour has several stored answers: the one that counts its rows,
// and its pages.
import { isSameWindow } from '../answers/site-requests.ts'
import { showWindow } from '../answers/times.ts'
import type { Window } from '../calendar.ts'
import type { SiteAnswer } from '../site.ts'
import {
  type CutAnswer,
  type CutRow,
  cutAnswer,
  lastOf,
  rowsWithin,
  type WantedRows,
  writeAnswer,
} from './compose-rows.ts'
import { rowsPerPage, skipOf, totalRows } from './flow-constraints.ts'

const hourMs = 3_600_000

/**
 * Returns false for a page that has none of the wanted rows. Only the rows of a whole hour have numbers that are known
 * beforehand. The first page is needed in any case: it has the number of rows if no answer that only counts is stored.
 */
export function needsPage(selector: string | null, { span, skip, take }: WantedRows): boolean {
  const pageSkip = skipOf(selector)
  if (pageSkip === 0 || span.startMs % hourMs !== 0 || span.endMs - span.startMs !== hourMs) return true
  return pageSkip < lastOf({ span, skip, take }) && pageSkip + rowsPerPage > skip
}

/** Returns rows of hours in upstream's form. @throws Error if a row that is counted is in none of the pages */
export function composePages(answers: readonly SiteAnswer[], wanted: WantedRows): Uint8Array {
  const hours = [...Map.groupBy(answers, ({ window }) => window.startMs).values()].map((ofHour) =>
    readHour(ofHour, wanted),
  )
  const own = hours.find(({ own }) => own !== undefined)?.own
  if (own) return own.body
  const rows: CutRow[] = []
  let before = 0
  for (const { count, rowsAt } of hours) {
    const from = Math.max(wanted.skip - before, 0)
    const to = Math.min(lastOf(wanted) - before, count)
    if (from < to) for (const row of rowsAt(from, to)) rows.push(row)
    before += count
  }
  return writeAnswer(hours[0]?.counting, rows, before, wanted) ?? emptyAnswer
}

const emptyAnswer = Buffer.from('{"data":[],"rejected":false,"messages":null,"totalRows":0,"totalRowsWithFilter":0}')

interface Hour {
  /** The answer to the wanted request itself, if it is stored. */
  own: CutAnswer | undefined
  /** The answer that knows the number of rows: the newest one. */
  counting: CutAnswer
  /** The number of rows within the span. */
  count: number
  rowsAt: (from: number, to: number) => CutRow[]
}

interface Page {
  selector: string | null
  skip: number
  total: number
  knownAtMs: number
  answer: CutAnswer
}

function readHour(ofHour: readonly SiteAnswer[], wanted: WantedRows): Hour {
  const { span } = wanted
  const { window } = ofHour[0] as SiteAnswer
  const pages = ofHour.map(({ selector, knownAtMs, ...stored }): Page => {
    const answer = cutAnswer(stored)
    const total = totalRows(answer.envelope)
    if (typeof total !== 'number') throw new Error(`the stored answer of ${showWindow(window)}: ${total.message}`)
    return { selector, skip: skipOf(selector), total, knownAtMs, answer }
  })
  const newest = pages.reduce((known, page) => (isNewer(page, known) ? page : known))
  const own = pages.find(({ selector, total }) => total === newest.total && isOwnRequest(selector, wanted))
  const isSame = isSameWindow(window, span)
  const hour = { own: isSame ? own?.answer : undefined, counting: newest.answer }
  const all = (from: number, to: number) => rowsOfPages(pages, newest.total, from, to, window)
  const isWithin = window.startMs >= span.startMs && window.endMs <= span.endMs
  const atEnd = pages.some(({ answer }) => answer.rows.some(({ timeMs }) => timeMs === undefined))
  if (isSame || (isWithin && !atEnd)) return { ...hour, count: newest.total, rowsAt: all }
  const within = rowsWithin(all(0, newest.total), span, window)
  return { ...hour, count: within.length, rowsAt: (from, to) => within.slice(from, to) }
}

/** The poller counts rows with Take=0, and requests pages of `rowsPerPage` rows. */
const isOwnRequest = (selector: string | null, { skip, take }: WantedRows): boolean =>
  skip === skipOf(selector) && take === (selector === null ? 0 : rowsPerPage)

const isNewer = (page: Page, other: Page): boolean =>
  page.knownAtMs > other.knownAtMs || (page.knownAtMs === other.knownAtMs && page.total > other.total)

/**
 * Returns the rows with the numbers [from, to) of an hour. A page that says another number of rows than the newest answer
 * is of an earlier publication, so its rows do not count.
 */
function rowsOfPages(pages: readonly Page[], total: number, from: number, to: number, window: Window): CutRow[] {
  const rows: CutRow[] = []
  for (let number = from; number < to; ) {
    const page = pages
      .filter(
        ({ skip, answer, ...page }) => page.total === total && skip <= number && number < skip + answer.rows.length,
      )
      .reduce(
        (known: Page | undefined, each) => (known === undefined || isNewer(each, known) ? each : known),
        undefined,
      )
    if (page === undefined) {
      throw new Error(
        `row ${number} of ${total} is in no stored page of ${showWindow(window)}: the hour was not stored as a whole`,
      )
    }
    const found = page.answer.rows.slice(number - page.skip, to - page.skip)
    for (const row of found) rows.push(row)
    number += found.length
  }
  return rows
}
