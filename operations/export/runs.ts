// What explode made of answers, as runs, for exports of lineage: a few statements for all datasets together.
import type { Run } from '#catalogue/export/openlineage.ts'
import { addDays, dayAt } from '#core/business-day.ts'
import { datasetsByName, type SourcedDataset } from '#core/datasets.ts'
import { selectorOf, windowOf } from '#core/request-identity.ts'
import { database, readRows, type Store } from '#platform/clickhouse/client.ts'
import { worstOf } from '../report/classes.ts'
import { type WindowRow, windowRows } from '../report/facts.ts'
import { spansOf } from '../report/report.ts'
import { pageless, readSettled } from '../report/settled.ts'

export interface RunDays {
  from: string
  to: string
}

export interface RunsRequest {
  /** Null: all. */
  dataset: string | null
  /**
   * Local days of each dataset's zone, YYYY-MM-DD, both included: the windows and hours that begin on them. Null:
   * `recentDays`.
   */
  days: RunDays | null
  /** The pollers' clock, ms UTC. */
  nowMs: number
  upstream: Run['upstream']
}

const hourMs = 3_600_000

/**
 * Reads the runs of a span, in the order of dataset, start, selector, outcome and version. An hour of ticks or files is a run
 * once it is over. Only what was known at the settled instant counts. @throws an error of the store
 */
export async function readRuns(store: Store, { dataset, days, nowMs, upstream }: RunsRequest): Promise<Run[]> {
  const { atMs } = await readSettled(store, nowMs)
  const declared = [...datasetsByName.values()].filter((each) => dataset === null || each.dataset.name === dataset)
  const spans = days === null ? recentSpans(declared, nowMs) : spansOf(declared, days.from, days.to)
  const fromMs = Math.min(...[...spans.values()].map((span) => span.fromMs))
  const toMs = Math.max(...[...spans.values()].map((span) => span.toMs))
  const parameters = { at: atMs, from: fromMs, to: toMs, ...namesByKind(declared) }
  const [accepted, refused, windows] = await Promise.all([
    readRows<AcceptedRow>(store, acceptedRuns, parameters),
    readRows<RefusedRow>(store, refusedRuns, parameters),
    windowRows(store, { atMs, fromMs, toMs, dataset: dataset ?? undefined, spans }),
  ])
  const classOf = classesOf(windows)
  const isWanted = ({ dataset: name, startMs, endMs }: RunFacts): boolean => {
    const span = spans.get(name)
    return span !== undefined && startMs >= span.fromMs && startMs < span.toMs && (!isHourly(name) || endMs <= atMs)
  }
  return [...accepted.map((row) => acceptedRun(row, classOf)), ...refused.flatMap(refusedRun)]
    .filter(isWanted)
    .map((run) => ({ ...run, upstream }))
    .toSorted(inOrder)
}

/** Returns the last 30 local days of a zone with today, and tomorrow, whose windows may be published already. */
export function recentDays(zone: string, nowMs: number): RunDays {
  const today = dayAt(zone, nowMs)
  return { from: addDays(today, 1 - lineageDays), to: addDays(today, 1) }
}

const lineageDays = 30

function recentSpans(declared: readonly SourcedDataset[], nowMs: number): ReturnType<typeof spansOf> {
  const byZone = Map.groupBy(declared, ({ dataset }) => dataset.calendar.zone)
  return new Map(
    [...byZone].flatMap(([zone, ofZone]) => {
      const { from, to } = recentDays(zone, nowMs)
      return [...spansOf(ofZone, from, to)]
    }),
  )
}

type RunFacts = Omit<Run, 'upstream'>

const calendarKind = (name: string) => datasetsByName.get(name)?.dataset.calendar.kind
const isHourly = (name: string): boolean => calendarKind(name) !== 'days'

function namesByKind(declared: readonly SourcedDataset[]): Record<'windowed' | 'ticks' | 'files', string[]> {
  const of = (kind: string): string[] =>
    declared.filter(({ dataset }) => dataset.calendar.kind === kind).map(({ dataset }) => dataset.name)
  return { windowed: of('days'), ticks: of('ticks'), files: of('files') }
}

function inOrder(one: Run, other: Run): number {
  const place = ({ dataset, startMs, selector, outcome, transformVersion }: Run): string =>
    [dataset, padded(startMs), selector ?? '', outcome, padded(transformVersion ?? 0)].join(' ')
  return place(one) < place(other) ? -1 : 1
}

const padded = (number: number): string => `${number}`.padStart(16, '0')

interface AcceptedRow {
  dataset: string
  selector: string | null
  startMs: number
  endMs: number
  version: number
  answers: number
  points: number
  atMs: number
  partition: number
  offset: number
  sha256: string
  flags: Record<string, number>
}

const acceptedRun = (row: AcceptedRow, classOf: ClassOf): RunFacts => ({
  ...{ dataset: row.dataset, outcome: 'complete', selector: row.selector, startMs: row.startMs, endMs: row.endMs },
  ...{ transformVersion: row.version, atMs: row.atMs, answers: row.answers, points: row.points },
  raw: isHourly(row.dataset) ? null : { partition: row.partition, offset: row.offset, sha256: row.sha256 },
  ...{ class: classOf(row), flags: row.flags, reason: null },
})

interface RefusedRow {
  dataset: string
  /** The request identity without its page, or the start of an hour, ms UTC. */
  run: string
  answers: number
  atMs: number
  reason: string
  partition: number
  offset: number
}

/** A refused answer whose request names no window is not a run. */
function refusedRun({ dataset, run, answers, atMs, reason, partition, offset }: RefusedRow): RunFacts[] {
  const hour = { startMs: Number(run), endMs: Number(run) + hourMs }
  const window = isHourly(dataset) ? hour : windowOf(run)
  if (window === null) return []
  const selector = isHourly(dataset) ? null : selectorOf(run, dataset)
  const raw = isHourly(dataset) ? null : { partition, offset, sha256: null }
  return [
    {
      ...{ dataset, outcome: 'failed', selector, ...window, transformVersion: null, atMs, answers, points: 0, raw },
      ...{ class: null, flags: {}, reason },
    },
  ]
}

type ClassOf = (run: Pick<Run, 'dataset' | 'selector' | 'startMs'>) => string | null

/** Returns the class of a window; of an hour of ticks: the worst of its selectors. */
function classesOf(windows: ReadonlyMap<string, readonly WindowRow[]>): ClassOf {
  const hourOf = (ms: number): number => Math.floor(ms / hourMs) * hourMs
  const place = (dataset: string, selector: string | null, startMs: number): string =>
    isHourly(dataset) ? `${dataset} ${hourOf(startMs)}` : `${dataset} ${selector ?? ''} ${startMs}`
  const rows = [...windows].flatMap(([dataset, found]) => found.map((row) => ({ dataset, row })))
  const byPlace = Map.groupBy(rows, ({ dataset, row }) => place(dataset, row.selector, row.startMs))
  return ({ dataset, selector, startMs }) =>
    worstOf((byPlace.get(place(dataset, selector, startMs)) ?? []).map(({ row }) => row.class))
}

const instant = (name: string): string => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`
const ms = (column: string): string => `toUnixTimestamp64Milli(toDateTime64(${column}, 3, 'UTC'))`
const isOfDays = 'dataset IN {windowed:Array(String)}'
const isHourlyOne = '(dataset IN {ticks:Array(String)} OR dataset IN {files:Array(String)})'
const isAsked = `(${isOfDays} OR ${isHourlyOne})`

/** SQL: how many points of an answer have each flag. */
const flagged = `
  SELECT dataset, raw_partition, raw_offset, transform_version, sumMap(map(flag, toUInt64(1))) AS flags
  FROM (
    SELECT DISTINCT dataset, key, ts, raw_partition, raw_offset, transform_version,
      arrayJoin(splitByWhitespace(flags)) AS flag
    FROM ${database}.point_revisions
    WHERE flags != '' AND known_at <= ${instant('at')}
      AND (window_start >= ${instant('from')} OR known_at >= ${instant('from')})
      AND ${isAsked}
  )
  GROUP BY dataset, raw_partition, raw_offset, transform_version`

/**
 * SQL: the accepted answers of each window, or hour, by version. Answers of an identity replace each other, so the newest of
 * each page counts; ticks and chunks of files add up: each of them is a part.
 */
const acceptedRuns = `
  SELECT dataset, selector, startMs, endMs, version, sum(partAnswers) AS answers, sum(partPoints) AS points,
    max(partMs) AS atMs, argMax(partPartition, newest) AS partition, argMax(partOffset, newest) AS offset,
    argMax(partHash, newest) AS sha256, sumMap(partFlags) AS flags
  FROM (
    SELECT dataset, selector, startMs, endMs, version, part, count() AS partAnswers, max(place) AS newest,
      max(knownMs) AS partMs, argMax(points, place) AS partPoints, argMax(raw_partition, place) AS partPartition,
      argMax(raw_offset, place) AS partOffset, argMax(content_hash, place) AS partHash,
      argMax(flags, place) AS partFlags
    FROM (
      SELECT dataset, points, raw_partition, raw_offset, content_hash, flagged.flags AS flags,
        transform_version AS version, ${ms('known_at')} AS knownMs, (knownMs, raw_offset) AS place,
        if(replaces, toString(identity), concat(toString(raw_partition), '/', toString(raw_offset))) AS part,
        if(NOT replaces OR match(named, '^rows-\\\\d+$'), NULL, named) AS selector,
        multiIf(
          replaces, ${ms('window_start')},
          dataset IN {ticks:Array(String)}, ${ms('toStartOfHour(window_start)')},
          ${ms('toStartOfHour(known_at)')}
        ) AS startMs,
        if(replaces, ${ms('window_end')}, startMs + ${hourMs}) AS endMs
      FROM (
        SELECT toString(dataset) AS dataset, replaces, identity, toString(answer.selector) AS named, window_start,
          window_end, known_at, transform_version, points, content_hash, raw_partition, raw_offset
        FROM ${database}.stored_answers AS answer FINAL
        WHERE replaces = (${isOfDays}) AND ${isAsked} AND known_at <= ${instant('at')} AND stored_at <= ${instant('at')}
          AND if(dataset IN {files:Array(String)}, known_at, window_start) >= ${instant('from')}
          AND if(dataset IN {files:Array(String)}, known_at, window_start) < ${instant('to')}
      ) AS answer
      LEFT ANY JOIN (${flagged}) AS flagged USING (dataset, raw_partition, raw_offset, transform_version)
    )
    WHERE startMs >= {from:Int64} AND startMs < {to:Int64}
    GROUP BY dataset, selector, startMs, endMs, version, part
  )
  GROUP BY dataset, selector, startMs, endMs, version`

/** SQL: the dead letters of each window, or hour. */
const refusedRuns = `
  SELECT name AS dataset, run, count() AS answers, max(refusedMs) AS atMs, argMax(reason, place) AS reason,
    argMax(partition, place) AS partition, argMax(offset, place) AS offset
  FROM (
    SELECT assumeNotNull(dataset) AS name, reason, ${ms('letter.at')} AS refusedMs, (refusedMs, offset) AS place,
      assumeNotNull(raw_partition) AS partition, assumeNotNull(raw_offset) AS offset,
      if(${isOfDays}, ${pageless}, toString(${ms('toStartOfHour(letter.at)')})) AS run
    FROM ${database}.dead_letters AS letter
    WHERE raw_partition IS NOT NULL AND raw_offset IS NOT NULL AND letter.at <= ${instant('at')}
      AND ((${isOfDays} AND request_identity IS NOT NULL)
        OR (${isHourlyOne} AND letter.at >= ${instant('from')}))
  )
  GROUP BY dataset, run`
