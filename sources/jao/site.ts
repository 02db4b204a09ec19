// Requests that clients of the Publication Tool make: /core/api/data/maxExchanges?FromUtc=...&ToUtc=...
// Quirks of clients: the case of paths and parameters varies. jao-py ends a day at 23:59, asks for two days at once, and
// sends Filter={} for a domain, first with Take=1, then in pages of 5,000. JAOPuTo sends Skip and Take everywhere.

import { quoteJson } from '../answers/refusal.ts'
import {
  clientTimeMs,
  isProblem,
  type Parameters,
  problem,
  readParameters,
  readTimes,
} from '../answers/site-requests.ts'
import type { Window } from '../calendar.ts'
import type { Site, SiteProblem, SiteRequest } from '../site.ts'
import type { Dataset, RequestSpec } from '../source.ts'
import { composePages, needsPage } from './compose-pages.ts'
import { composeRows, type WantedRows } from './compose-rows.ts'

const hourMs = 3_600_000

/**
 * The longest span of an answer, hours. Upstream refuses more than 2 days, to spare its database. Stored days are there
 * already, so a month may be asked for at once: some MB, of which an answer can be composed in memory. An hour of a domain
 * alone has up to 25 MB.
 */
const maxHours = { days: 31 * 24, pages: 6 }

/** @param datasets answers are found by the paths of their own requests */
export function jaoSite(datasets: readonly Dataset[]): Site {
  const asked = datasets.flatMap(({ name, asking }) => (asking ? [{ name, asking }] : []))
  const byPath = new Map(asked.map((dataset) => [pathOf(dataset.asking).toLowerCase(), dataset]))
  return {
    read: (path, query) => {
      const found = byPath.get(path.toLowerCase())
      return found && readRequest(found.name, found.asking, query)
    },
  }
}

function pathOf({ requestPath }: RequestSpec): string {
  const path = requestPath({ window: { startMs: 0, endMs: 0 }, selector: null })
  return path.slice(0, path.indexOf('?'))
}

function readRequest(dataset: string, { pages }: RequestSpec, query: URLSearchParams): SiteRequest | SiteProblem {
  const given = readParameters(query, ['FromUtc', 'ToUtc', 'Skip', 'Take', 'Filter'])
  if (isProblem(given)) return given
  const rows = readRows(given)
  const span = readSpan(given, pages ? maxHours.pages : maxHours.days)
  if (isProblem(rows)) return rows
  if (isProblem(span)) return span
  const wanted: WantedRows = { ...rows, span }
  return {
    ...{ dataset, selector: null, span },
    needs: pages ? (selector) => needsPage(selector, wanted) : (selector) => selector === null,
    compose: (answers) => ({
      status: 200,
      body: pages ? composePages(answers, wanted) : composeRows(answers, wanted),
    }),
  }
}

const timeExample = 'a time such as 2026-04-20T22:00:00Z (in a URL, + is %2B)'

function readSpan(given: Parameters, hours: number): Window | SiteProblem {
  const times = readTimes(given, ['FromUtc', 'ToUtc'], clientTimeMs, timeExample)
  if (isProblem(times)) return times
  const [startMs, endMs] = times
  if (endMs <= startMs) return problem('ToUtc is not after FromUtc: no row can be between them.')
  if (endMs - startMs > hours * hourMs) {
    const most = hours > 48 ? `${hours / 24} days` : `${hours} hours`
    return problem(`FromUtc and ToUtc are more than ${most} apart: ask for at most ${most} at once.`)
  }
  return { startMs, endMs }
}

function readRows(given: Parameters): Pick<WantedRows, 'skip' | 'take'> | SiteProblem {
  for (const name of ['Skip', 'Take']) {
    const text = given.get(name)
    if (text === undefined || /^\d{1,9}$/.test(text)) continue
    return problem(`${name}=${quoteJson(text)} is not a whole number from 0 on.`)
  }
  if (!isEmptyFilter(given.get('Filter') ?? '')) {
    return problem('The parameter Filter cannot be applied to stored answers: leave it out, and filter the rows.')
  }
  const take = given.get('Take')
  return { skip: Number(given.get('Skip') ?? 0), take: take === undefined ? undefined : Number(take) }
}

/** jao-py sends {} if it filters nothing. */
const isEmptyFilter = (text: string): boolean => /^\s*(?:\{\s*\})?\s*$/.test(text)
