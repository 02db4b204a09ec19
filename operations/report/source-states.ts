// What became of tomorrow's windows, in one line a source, for status.
import { addDays, dayAt } from '#core/business-day.ts'
import { datasetsByName } from '#core/datasets.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import { type WindowRow, windowRows } from './facts.ts'
import { type ZoneClock, zoneClock } from './zone-clock.ts'

/** The windows of a source that begin on one local day. Of ticks: the hours of today so far. Instants are ISO text. */
export interface SourceState {
  source: string
  at: string
  /** tomorrow, or today where no window of tomorrow is collected. */
  day: 'tomorrow' | 'today'
  zone: string
  of: 'windows' | 'ticks'
  complete: number
  expected: number
  /** When the newest complete window became complete; null: none is, or of ticks. */
  lastAt: string | null
  /** When the last of the windows is expected; null: not known. */
  expectedBy: string | null
  /** When the next of the windows that are not yet due is expected; null: none is, or it is not known. */
  nextExpectedBy: string | null
  /** Until when that one has grace; null: there is no such window, or it has no deadline. */
  nextLateAfter: string | null
  /** When a later answer of one of the complete windows arrived last; null: none did, or of ticks. */
  lastRevisedAt: string | null
  /** Windows of today and tomorrow that are late or partial; null: none is. */
  late: Late | null
}

/** What is late of a source: how many windows, the oldest of them, and each dataset. */
export interface Late {
  windows: number
  class: 'late' | 'partial'
  since: string | null
  cause: string | null
  datasets: LateDataset[]
}

/** Windows of a dataset that are late or partial, on the first local day that has one. */
export interface LateDataset {
  dataset: string
  class: 'late' | 'partial'
  windows: number
  /** YYYY-MM-DD in the dataset's zone. */
  day: string
  since: string | null
  expectedBy: string | null
  /** How long after `expectedBy` a window is late; null: it has no deadline. */
  graceS: number | null
}

const words: Readonly<Record<string, string>> = {
  'upstream-empty': 'upstream answers, but empty',
  'upstream-refused': 'upstream answers with an error',
  'upstream-unreachable': 'upstream does not answer',
  'ours-not-asked': 'we did not ask',
  'ours-dead-letter': 'we refused the answer',
  'ours-parked': 'the dataset is parked',
  'ours-lag': 'the answer is not in the store yet',
}

/** Says a cause in words. */
export const causeWords = (cause: string): string => words[cause] ?? cause

const dayMs = 24 * 3_600_000

/** Asks the store once. `nowMs`: the pollers' clock. @throws an error of the store */
export async function readSourceStates(store: Store, nowMs: number): Promise<SourceState[]> {
  const scope = {
    atMs: nowMs,
    fromMs: nowMs - 2 * dayMs,
    toMs: nowMs + 3 * dayMs,
    dataset: undefined,
    spans: new Map(),
  }
  return sourceStates(await windowRows(store, scope), nowMs)
}

type Rows = ReadonlyMap<string, readonly WindowRow[]>

/** Pure. `rows`: at least the windows of today and tomorrow, by dataset. */
export function sourceStates(rows: Rows, nowMs: number): SourceState[] {
  const bySource = Map.groupBy(rows.keys(), (name) => datasetsByName.get(name)?.source.name ?? '')
  return [...bySource].flatMap(([source, names]) => {
    const found = source === '' ? null : stateOf(source, names, rows, nowMs)
    return found === null ? [] : [found]
  })
}

type NamedRow = WindowRow & { dataset: string }

function stateOf(source: string, names: readonly string[], rows: Rows, nowMs: number): SourceState | null {
  const zone = datasetsByName.get(names[0] ?? '')?.dataset.calendar.zone ?? 'UTC'
  const of = names.some((name) => datasetsByName.get(name)?.dataset.calendar.kind === 'ticks') ? 'ticks' : 'windows'
  const today = dayAt(zone, nowMs)
  const days = { today, tomorrow: addDays(today, 1) }
  const clock = zoneClock(zone)
  const all = names
    .flatMap((dataset) => (rows.get(dataset) ?? []).map((row) => ({ ...row, dataset })))
    .filter(({ isWatched }) => isWatched)
  const on = (day: string): NamedRow[] =>
    all.filter(
      (row) => clock.day(row.startMs) === day && !['not-collected', 'before-history', 'deleted'].includes(row.class),
    )
  const day = of === 'windows' && on(days.tomorrow).length > 0 ? 'tomorrow' : 'today'
  const found = on(days[day])
  if (found.length === 0) return null
  const common = { source, at: new Date(nowMs).toISOString(), day, zone, of } as const
  if (of === 'ticks') {
    const sum = (count: (row: WindowRow) => number | null) => found.reduce((total, row) => total + (count(row) ?? 0), 0)
    const counts = { complete: sum(({ points }) => points), expected: sum(({ expectedPoints }) => expectedPoints) }
    return {
      ...common,
      ...counts,
      lastAt: null,
      expectedBy: null,
      nextExpectedBy: null,
      nextLateAfter: null,
      lastRevisedAt: null,
      late: null,
    }
  }
  const complete = found.filter((row) => row.class === 'complete')
  const newest = (instants: (number | null)[]): string | null => {
    const known = instants.filter((ms) => ms !== null)
    return known.length === 0 ? null : new Date(Math.max(...known)).toISOString()
  }
  const due = found.filter((row) => row.class === 'not-yet-due' && row.expectedByMs !== null)
  const [next] = due.toSorted((one, other) => (one.expectedByMs ?? 0) - (other.expectedByMs ?? 0))
  return {
    ...common,
    ...{ complete: complete.length, expected: found.length },
    lastAt: newest(complete.map(({ sinceMs }) => sinceMs)),
    expectedBy: newest(found.map(({ expectedByMs }) => expectedByMs)),
    ...{ nextExpectedBy: isoOf(next?.expectedByMs ?? null), nextLateAfter: isoOf(next?.lateAfterMs ?? null) },
    lastRevisedAt: newest(complete.map(({ lastRevisedMs }) => lastRevisedMs)),
    late: lateOf([...on(days.today), ...on(days.tomorrow)], clock),
  }
}

function lateOf(rows: readonly NamedRow[], clock: ZoneClock): Late | null {
  const missing = rows.filter((row) => row.class === 'late' || row.class === 'partial')
  const [oldest, ...others] = worstOf(missing)
  if (oldest === undefined) return null
  const datasets = [...Map.groupBy(missing, ({ dataset }) => dataset)].flatMap(([dataset, own]): LateDataset[] => {
    const found = worstOf(own)
    const [first] = found
    if (first === undefined) return []
    const { class: of, startMs, sinceMs, expectedByMs, lateAfterMs } = first
    return [
      {
        ...{ dataset, class: of === 'late' ? 'late' : 'partial', windows: found.length, day: clock.day(startMs) },
        ...{ since: isoOf(sinceMs), expectedBy: isoOf(expectedByMs) },
        graceS: lateAfterMs === null || expectedByMs === null ? null : (lateAfterMs - expectedByMs) / 1_000,
      },
    ]
  })
  return {
    ...{ windows: 1 + others.length, class: oldest.class === 'late' ? 'late' : 'partial' },
    ...{ since: isoOf(oldest.sinceMs), cause: oldest.cause, datasets },
  }
}

/** Those that are late, or else those that are partial, the oldest first. */
function worstOf<Row extends WindowRow>(rows: readonly Row[]): Row[] {
  const late = rows.filter((row) => row.class === 'late')
  return (late.length > 0 ? late : [...rows]).toSorted((one, other) => (one.sinceMs ?? 0) - (other.sinceMs ?? 0))
}

const isoOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

/**
 * Says a state in a line: `jao: 12 of 12 windows of tomorrow complete, last at 10:34 (expected 11:00)`. Times are local,
 * with the day if it is not today.
 */
export function sourceLine(state: SourceState): string {
  const { source, at, day, zone, of, complete, expected, lastAt, expectedBy, lastRevisedAt, late } = state
  const clock = zoneClock(zone)
  const time = (iso: string): string => {
    const ms = Date.parse(iso)
    const local = new Date(clock.localMs(ms)).toISOString().slice(11, 16)
    return clock.day(ms) === clock.day(Date.parse(at)) ? local : `${clock.day(ms)} ${local}`
  }
  if (of === 'ticks') return `${source}: ${complete} of ${expected} ticks of ${day} (UTC)`
  const last = lastAt === null ? '' : `, last at ${time(lastAt)}`
  const due = expectedBy === null ? '' : ` (expected ${time(expectedBy)})`
  const revised = lastRevisedAt === null ? '' : `, last revised ${time(lastRevisedAt)}`
  const many = `${expected === 1 ? '1 window' : `${expected} windows`} of ${day} complete`
  const lateWords = (): string => {
    if (late === null) return ''
    const since = late.since === null ? '' : ` since ${time(late.since)}`
    return `; ${late.windows} ${late.class}${since}${late.cause === null ? '' : `: ${causeWords(late.cause)}`}`
  }
  return `${source}: ${complete} of ${many}${last}${due}${revised}${lateWords()}`
}
