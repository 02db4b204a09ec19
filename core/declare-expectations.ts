import { database, type Store } from '#platform/clickhouse/client.ts'
import type { Producer } from '#platform/kafka/produce.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { expectedWindowsTopic, scheduleLogTopic } from '#schemas/completeness-topics.ts'
import {
  type DatasetSchedule,
  datasetScheduleSchema,
  type ExpectedWindow,
  expectedWindowSchema,
} from '#schemas/generated/records.ts'
import { dayAt } from './business-day.ts'
import type { ScheduleOverrides } from './dataset-schedules.ts'
import { datasetsByName } from './datasets.ts'
import {
  type Declared,
  expectedWindow,
  expectedWindows,
  newExpectations,
  newSchedules,
  schedulesOf,
} from './expected-windows.ts'
import type { Host } from './hosts.ts'

export interface ExpectationParts {
  store: Store
  producer: Pick<Producer, 'send'>
  registry: Registry
  hosts: readonly Host[]
  overrides: ScheduleOverrides
  /** The program that declares. */
  by: string
}

export interface Declarations {
  windows: number
  /** Windows that were collected before anybody said when they are expected. */
  backdated: number
  schedules: number
}

/**
 * Returns a function that declares what is expected from now on: it compares the declarations with the store, and writes
 * what is new to the topics expected-windows and schedule-log. It resolves after Kafka has acknowledged the records, with
 * their numbers. It may be called as often as wanted. Two programs that declare at the same time write equal records.
 * @throws TransientError, or an error of the store
 */
export async function expectationDeclarer(parts: ExpectationParts): Promise<(nowMs: number) => Promise<Declarations>> {
  const { producer, registry, hosts, overrides, by } = parts
  const encodeWindow = await registry.encoder(expectedWindowsTopic.name, expectedWindowSchema)
  const encodeSchedule = await registry.encoder(scheduleLogTopic.name, datasetScheduleSchema)
  const because = (dataset: string): string => (overrides.has(dataset) ? 'DATASET_SCHEDULES' : 'declaration')
  // The sink may be behind, so what this process has written counts before the store shows it.
  const written = new Map<string, ExpectedWindow>()
  const schedulesWritten = new Map<string, DatasetSchedule>()
  let collectedTo = 0

  const sendWindows = (windows: readonly ExpectedWindow[]) =>
    producer.send(
      expectedWindowsTopic.name,
      windows.map((window) => ({ key: window.requestIdentity, value: encodeWindow(window) })),
    )
  const backdate = async (nowMs: number): Promise<number> => {
    let count = 0
    for (let after = ''; ; ) {
      const collected = await undeclaredWindows(parts.store, collectedTo, after)
      // A window that was declared a moment ago may not be in the store yet.
      const undeclared = collected.filter(
        ({ requestIdentity, startMs }) => !written.has(`${requestIdentity} ${startMs}`),
      )
      await sendWindows(undeclared.flatMap((window) => lateDeclaration(window, nowMs)))
      count += collected.length
      const last = collected.at(-1)
      if (last === undefined) break
      after = last.requestIdentity
    }
    collectedTo = nowMs - collectedAgainMs
    return count
  }

  return async (nowMs) => {
    const scheduled = hosts.flatMap(({ datasets }) => datasets)
    const known = await knownWindows(parts.store, nowMs)
    for (const window of written.values()) known.set(nameOf(window), newer(known.get(nameOf(window)), window))
    const wanted = scheduled.flatMap((dataset) => expectedWindows(dataset, nowMs))
    const windows = newExpectations([...known.values()], wanted, nowMs)
    const schedulesKnown = await knownSchedules(parts.store, nowMs)
    for (const [dataset, schedule] of schedulesWritten) schedulesKnown.set(dataset, schedule)
    const schedules = newSchedules(schedulesKnown, schedulesOf(hosts, because, by, nowMs))
    await producer.send(
      scheduleLogTopic.name,
      schedules.map((schedule) => ({ key: schedule.dataset, value: encodeSchedule(schedule) })),
    )
    await sendWindows(windows)
    for (const schedule of schedules) schedulesWritten.set(schedule.dataset, schedule)
    for (const [name, window] of written) if (window.windowEnd <= nowMs) written.delete(name)
    for (const window of windows) written.set(nameOf(window), window)
    return { windows: windows.length, backdated: await backdate(nowMs), schedules: schedules.length }
  }
}

/** Longer than a month, the longest window, ms. */
const longestWindowMs = 62 * 24 * 60 * 60 * 1_000

type Known = Declared & { declaredAt: number }

const nameOf = ({ requestIdentity, windowStart }: Declared): string => `${requestIdentity} ${windowStart}`

const newer = (held: Known | undefined, other: ExpectedWindow): Known =>
  held !== undefined && held.declaredAt > other.declaredAt ? held : other

/** Returns what counts now of each window that ends after now. A declaration of the future, by another clock, does not. */
async function knownWindows(store: Store, nowMs: number): Promise<Map<string, Known>> {
  const ms = (column: string) => `toUnixTimestamp64Milli(${column})`
  const result = await store.query({
    query: `SELECT
        dataset,
        request_identity AS requestIdentity,
        selector,
        ${ms('window_start')} AS windowStart,
        ${ms('window_end')} AS windowEnd,
        every_s AS everyS,
        ${ms('expected_by')} AS expectedBy,
        ${ms('late_after')} AS lateAfter,
        why,
        steps,
        ${ms('declared_at')} AS declaredAt
      FROM (
        SELECT * FROM ${database}.expected_windows
        WHERE window_start > fromUnixTimestamp64Milli({now:Int64} - {longest:Int64})
          AND declared_at <= fromUnixTimestamp64Milli({now:Int64})
        ORDER BY dataset, window_start, request_identity, declared_at DESC
        LIMIT 1 BY dataset, window_start, request_identity
      )
      WHERE windowEnd > {now:Int64}`,
    query_params: { now: nowMs, longest: longestWindowMs },
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  })
  const rows = await result.json<Known>()
  return new Map(rows.map((row) => [nameOf(row), row]))
}

async function knownSchedules(store: Store, nowMs: number): Promise<Map<string, DatasetSchedule>> {
  const result = await store.query({
    query: `SELECT
        dataset,
        toUnixTimestamp64Milli(at) AS at,
        schedule,
        because,
        host,
        selectors,
        every_s AS everyS,
        first_day AS firstDay,
        toUnixTimestamp64Milli(history_begins) AS historyBegins,
        keys_vary AS keysVary,
        by
      FROM (
        SELECT * FROM ${database}.schedule_log AS log
        WHERE log.at <= fromUnixTimestamp64Milli({now:Int64})
        ORDER BY log.dataset, log.at DESC
        LIMIT 1 BY log.dataset
      )`,
    query_params: { now: nowMs },
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  })
  return new Map((await result.json<DatasetSchedule>()).map((row) => [row.dataset, row]))
}

/** Polls may reach the store late, ms: a pass looks at those of this time before the pass before again. */
const collectedAgainMs = 3_600_000
const collectedAtOnce = 10_000

interface CollectedWindow {
  dataset: string
  requestIdentity: string
  selector: string | null
  startMs: number
  endMs: number
  firstPollMs: number
  /** When the first window of all was declared, ms UTC; 0: none was. */
  declaredSinceMs: number
}

/** Returns windows that were polled since an instant and that nobody declared, in the order of their identities. */
async function undeclaredWindows(store: Store, sinceMs: number, after: string): Promise<CollectedWindow[]> {
  const result = await store.query({
    query: `SELECT
        dataset,
        request_identity AS requestIdentity,
        any(selector) AS selector,
        toUnixTimestamp64Milli(window_start) AS startMs,
        toUnixTimestamp64Milli(window_end) AS endMs,
        toUnixTimestamp64Milli(min(at)) AS firstPollMs,
        (SELECT toUnixTimestamp64Milli(min(declared_at)) FROM ${database}.expected_windows) AS declaredSinceMs
      FROM ${database}.window_states
      WHERE at > fromUnixTimestamp64Milli({since:Int64}) AND request_identity > {after:String}
        AND request_identity NOT IN (SELECT request_identity FROM ${database}.expected_windows)
      GROUP BY dataset, request_identity, window_start, window_end
      ORDER BY request_identity
      LIMIT ${collectedAtOnce}`,
    query_params: { since: sinceMs, after },
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  })
  return result.json<CollectedWindow>()
}

/**
 * Declares a window that was collected before it was declared. If nobody declared windows then, it is declared as of its
 * first poll. Else it was asked for by request, and is declared as of now: what was known before does not change. Returns
 * nothing for a window of a dataset that is no longer declared.
 */
function lateDeclaration(collected: CollectedWindow, nowMs: number): ExpectedWindow[] {
  const { startMs, endMs, firstPollMs, declaredSinceMs, selector } = collected
  const dataset = datasetsByName.get(collected.dataset)?.dataset
  if (dataset?.calendar.kind !== 'days') return []
  const day = dayAt(dataset.calendar.zone, startMs)
  const backdated = declaredSinceMs === 0 || firstPollMs < declaredSinceMs
  const declaredAt = backdated ? firstPollMs : nowMs
  const declared = expectedWindow({ dataset }, dataset.calendar, day, { startMs, endMs }, selector, declaredAt)
  return [{ ...declared, declaredAt, backdated }]
}
