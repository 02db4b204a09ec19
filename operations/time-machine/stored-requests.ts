// Which stored answers stand for a request of upstream's own clients, as tidemark knew them at an instant.

import { dayAt } from '#core/business-day.ts'
import type { SourcedDataset } from '#core/datasets.ts'
import { windowsBetween } from '#core/windows.ts'
import { readRows, type Store } from '#platform/clickhouse/client.ts'
import type { SiteRequest } from '#sources/site.ts'
import type { Window } from '#sources/source.ts'
import { storeTime } from '../questions/values.ts'

/** A stored answer and the place of its bytes. Times are ms UTC. */
export interface StoredRequest {
  selector: string | null
  window: Window
  knownAtMs: number
  partition: number
  offset: number
}

export type FoundRequests =
  | { state: 'found'; answers: StoredRequest[] }
  /** Windows, or the tick, of which no answer was known by then. */
  | { state: 'unknown'; windows: Window[] }

/**
 * Finds the newest accepted answer by `atMs` of each needed window and selector, in the order of the windows. Of a window
 * that was only ever empty it finds the newest empty answer.
 */
export async function findStoredRequests(
  store: Store,
  { dataset }: Pick<SourcedDataset, 'dataset'>,
  request: Pick<SiteRequest, 'span' | 'needs'>,
  atMs: number,
): Promise<FoundRequests> {
  const { span, needs } = request
  if (span === null) return newestTick(store, dataset.name, needs, atMs)
  const { calendar } = dataset
  if (calendar.kind !== 'days') return { state: 'unknown', windows: [span] }
  const parameters = parametersOf(dataset.name, span, atMs)
  const accepted = await readRows<Row>(store, acceptedSql, parameters)
  const first = dayAt(calendar.zone, span.startMs)
  const last = dayAt(calendar.zone, span.endMs - 1)
  const windows = windowsBetween(calendar, first, last)
    .map(({ window }) => window)
    .filter(({ startMs, endMs }) => startMs < span.endMs && endMs > span.startMs)
  const ofWindow = (rows: readonly Row[], window: Window) =>
    rows.filter((row) => isOf(row, window) && needs(row.selector)).map(stored)
  const isAccepted = windows.every((window) => ofWindow(accepted, window).length > 0)
  const empty = isAccepted ? [] : await readRows<Row>(store, emptySql, parameters)
  const answers = windows.map((window) => {
    const known = ofWindow(accepted, window)
    return { window, known: known.length > 0 ? known : ofWindow(empty, window) }
  })
  const unknown = answers.filter(({ known }) => known.length === 0).map(({ window }) => window)
  if (unknown.length > 0 || windows.length === 0) return { state: 'unknown', windows: unknown }
  return { state: 'found', answers: answers.flatMap(({ known }) => known) }
}

/** Returns when the first and the last accepted answer to the requests of a span were known; undefined: there is none. */
export async function firstAndLast(
  store: Store,
  dataset: string,
  { span, needs }: Pick<SiteRequest, 'span' | 'needs'>,
): Promise<{ firstMs: number; lastMs: number } | undefined> {
  const of = span === null ? 'NOT replaces' : `replaces AND ${overlaps('answer')}`
  const rows = await readRows<{ selector: string | null; firstMs: number; lastMs: number }>(
    store,
    `SELECT selector, min(toUnixTimestamp64Milli(known_at)) AS firstMs, max(toUnixTimestamp64Milli(known_at)) AS lastMs
      FROM tidemark.stored_answers AS answer WHERE ${of} AND dataset = {dataset:String} GROUP BY selector`,
    span === null ? { dataset } : parametersOf(dataset, span, 0),
  )
  const needed = rows.filter(({ selector }) => needs(selector))
  if (needed.length === 0) return undefined
  const ends = needed.flatMap(({ firstMs, lastMs }) => [firstMs, lastMs])
  return { firstMs: Math.min(...ends), lastMs: Math.max(...ends) }
}

/** An answer of upstream, whatever became of it. */
export interface EverAnswered extends StoredRequest {
  /** changed, unchanged, empty, emptied, refused or unreadable. */
  outcome: string
  isAccepted: boolean
}

/** Returns all that upstream ever answered to the requests of a span, oldest first: also what was refused. */
export async function everAnswered(
  store: Store,
  dataset: string,
  span: Window,
  needs: SiteRequest['needs'],
): Promise<EverAnswered[]> {
  const rows = await readRows<Row & { outcome: string; isAccepted: number }>(
    store,
    `SELECT selector, ${windowMs}, toUnixTimestamp64Milli(poll.at) AS knownAtMs, outcome,
        assumeNotNull(poll.raw_partition) AS partition, assumeNotNull(poll.raw_offset) AS offset,
        (poll.raw_partition, poll.raw_offset) IN (
          SELECT raw_partition, raw_offset FROM tidemark.stored_answers AS answer
          WHERE dataset = {dataset:String} AND ${overlaps('answer')}
        ) AS isAccepted
      FROM tidemark.window_states AS poll
      WHERE dataset = {dataset:String} AND poll.raw_offset IS NOT NULL AND ${overlaps('poll')}
      ORDER BY knownAtMs, offset LIMIT ${maxAnswered}`,
    parametersOf(dataset, span, 0),
  )
  return rows
    .filter(({ selector }) => needs(selector))
    .map((row) => ({ ...stored(row), outcome: row.outcome, isAccepted: row.isAccepted === 1 }))
}

/** Returns the newest ticks that serve a request, oldest first. */
export async function allTicks(store: Store, dataset: string, needs: SiteRequest['needs']): Promise<EverAnswered[]> {
  const rows = await readRows<Row>(
    store,
    `SELECT selector, ${windowMs}, toUnixTimestamp64Milli(known_at) AS knownAtMs, raw_partition AS partition, raw_offset AS offset
      FROM tidemark.stored_answers WHERE NOT replaces AND dataset = {dataset:String}
      ORDER BY known_at DESC LIMIT ${maxAnswered}`,
    { dataset },
  )
  return rows
    .filter(({ selector }) => needs(selector))
    .map((row) => ({ ...stored(row), outcome: 'changed', isAccepted: true }))
    .toReversed()
}

/** Limit of the answers of a list. */
const maxAnswered = 10_000

interface Row {
  selector: string | null
  startMs: number
  endMs: number
  knownAtMs: number
  partition: number
  offset: number
}

const windowMs = 'toUnixTimestamp64Milli(window_start) AS startMs, toUnixTimestamp64Milli(window_end) AS endMs'
/** SQL. The alias says that the column of the table is meant, and not a column of the result with its name. */
const overlaps = (alias: string): string =>
  `${alias}.window_start < {end:DateTime64(3, 'UTC')} AND ${alias}.window_end > {start:DateTime64(3, 'UTC')}`
const at = "{at:DateTime64(3, 'UTC')}"

const acceptedSql = `
  SELECT selector, ${windowMs}, toUnixTimestamp64Milli(newest.1) AS knownAtMs, newest.2 AS partition, newest.3 AS offset FROM (
    SELECT request_identity, any(answer.selector) AS selector, any(answer.window_start) AS window_start,
      any(answer.window_end) AS window_end, argMax((answer.known_at, answer.raw_partition, answer.raw_offset), answer.version) AS newest
    FROM tidemark.stored_answers AS answer
    WHERE replaces AND dataset = {dataset:String} AND ${overlaps('answer')} AND answer.known_at <= ${at}
    GROUP BY request_identity
  )
  ORDER BY startMs, selector`

const emptySql = `
  SELECT selector, ${windowMs}, toUnixTimestamp64Milli(newest.1) AS knownAtMs, newest.2 AS partition, newest.3 AS offset FROM (
    SELECT request_identity, any(poll.selector) AS selector, any(poll.window_start) AS window_start,
      any(poll.window_end) AS window_end,
      argMax((poll.at, assumeNotNull(poll.raw_partition), assumeNotNull(poll.raw_offset)), poll.at) AS newest
    FROM tidemark.window_states AS poll
    WHERE dataset = {dataset:String} AND ${overlaps('poll')} AND poll.at <= ${at} AND poll.raw_offset IS NOT NULL
      AND poll.completeness = 'empty'
    GROUP BY request_identity
  )
  ORDER BY startMs, selector`

/** A tick that is older than this is looked for in a second question, which reads more. */
const recentTicksMs = 7 * 86_400_000

async function newestTick(
  store: Store,
  dataset: string,
  needs: SiteRequest['needs'],
  atMs: number,
): Promise<FoundRequests> {
  for (const sinceMs of [atMs - recentTicksMs, 0]) {
    const rows = await readRows<Row>(
      store,
      `SELECT selector, ${windowMs}, toUnixTimestamp64Milli(known_at) AS knownAtMs, raw_partition AS partition, raw_offset AS offset
        FROM tidemark.stored_answers
        WHERE NOT replaces AND dataset = {dataset:String} AND known_at <= ${at} AND known_at > {since:DateTime64(3, 'UTC')}
        ORDER BY known_at DESC, raw_offset DESC LIMIT 1 BY selector`,
      { dataset, at: storeTime(atMs), since: storeTime(Math.max(0, sinceMs)) },
    )
    const newest = rows.find(({ selector }) => needs(selector))
    if (newest !== undefined) return { state: 'found', answers: [stored(newest)] }
  }
  return { state: 'unknown', windows: [] }
}

const stored = ({ selector, startMs, endMs, knownAtMs, partition, offset }: Row): StoredRequest => ({
  ...{ selector, knownAtMs, partition, offset, window: { startMs, endMs } },
})

const isOf = ({ startMs, endMs }: Row, window: Window): boolean => startMs === window.startMs && endMs === window.endMs

const parametersOf = (dataset: string, { startMs, endMs }: Window, atMs: number) => ({
  ...{ dataset, start: storeTime(startMs), end: storeTime(endMs), at: storeTime(atMs) },
})
