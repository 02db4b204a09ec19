// When a rule would have alerted in the past: the engine of the alerter on stored points.
import { setImmediate } from 'node:timers/promises'
import { maxAheadOf } from '#core/alerts/ages.ts'
import { declaredSeries, dueAtMs } from '#core/alerts/declared-series.ts'
import { AlertEngine, longestLookBackMs } from '#core/alerts/engine.ts'
import { isOfWindows, isQuery, type Rule, referencesOf } from '#core/alerts/rule.ts'
import type { PointRun } from '#core/alerts/series-points.ts'
import type { Transition } from '#core/alerts/transition.ts'
import { datasetsByName } from '#core/datasets.ts'
import { stepAt } from '#core/expected-windows.ts'
import { readRows, type Store } from '#platform/clickhouse/client.ts'
import { UserError } from '#platform/process/user-error.ts'
import { selectedSeries } from './selected-series.ts'
import { testQuery } from './test-query.ts'

export interface BacktestRequest {
  rule: Rule
  version: number
  fromMs: number
  toMs: number
  /** True: each point is judged by what was known when it became known. False: by what is known today. */
  isAsKnown: boolean
}

export interface Backtest {
  series: number
  points: number
  /** For how many of them a condition was undefined: too few samples in its window, or a ratio to zero or below. */
  undefinedPoints?: number
  transitions: Transition[]
  /** How often the query of the rule was asked; it then counts keys as series and rows as points. Absent: it has none. */
  runs?: number
}

const maxSeries = 2_000
const runsInOneGo = 1_000
const maxPoints = 5_000_000

interface StoredPoint {
  atMs: number
  value: number | null
  knownMs: number
  partition: number
  offset: number
}

/**
 * Returns what a rule would have told in [fromMs, toMs): in the order in which it became known, or today's values in the
 * order of event time. @param store of a rule with a query, a client of an account that may only read
 * @throws UserError if nothing is selected, or too much
 */
export async function backtest(store: Store, request: BacktestRequest): Promise<Backtest> {
  const { rule, version, fromMs, toMs } = request
  if (isQuery(rule.when)) return testQuery(store, request, rule.when)
  if (isOfWindows(rule.when)) throw new UserError('A rule about windows has no values to be tested with.')
  const keys = await selectedSeries(store, rule)
  if (keys.length === 0) throw new UserError('The rule selects no series that is stored.')
  if (keys.length > maxSeries)
    throw new UserError(`The rule selects ${keys.length} series, and a test takes ${maxSeries}: name fewer.`)
  const backtest = { series: keys.length, points: 0, undefinedPoints: 0, transitions: [] as Transition[] }
  const referenced = referencesOf(rule)
  const requests = new Map<string, ReadonlyMap<string, number>>()
  for (const { dataset, key } of keys) {
    const engine = new AlertEngine([{ rule, version }], declaredSeries)
    const runs: SeriesRun[] = []
    const requestsOf = requests.get(dataset) ?? (await readRequests(store, dataset, request))
    requests.set(dataset, requestsOf)
    for (const series of [{ dataset, key }, ...referenced]) {
      const points = await readPoints(store, series, request)
      backtest.points += points.length
      if (backtest.points > maxPoints)
        throw new UserError(`The rule selects more than ${maxPoints} points: name fewer series, or a shorter time.`)
      const ofSeries = runsOf(series.dataset, points, request)
      runs.push(...ofSeries.map((run) => ({ ...series, run: { ...run, identity: requestsOf.get(nameOf(run)) ?? 0 } })))
    }
    runs.sort(({ run: one }, { run: other }) => one.knownMs - other.knownMs || one.raw.offset - other.raw.offset)
    for (const [index, each] of runs.entries()) {
      // A service that tests a rule does other work meanwhile.
      if (index % runsInOneGo === 0) await setImmediate()
      backtest.transitions.push(...engine.take(each.dataset, each.key, each.run).transitions)
      const next = runs[index + 1]
      if (next !== undefined && nameOf(next.run) === nameOf(each.run)) continue
      backtest.transitions.push(...engine.withdraw(each.dataset, each.run).transitions)
    }
    backtest.undefinedPoints += engine.undefinedPoints
  }
  backtest.transitions = backtest.transitions
    .filter(({ facts, onsetMs }) => (request.isAsKnown ? facts.knownMs < toMs : onsetMs >= fromMs && onsetMs < toMs))
    .toSorted((one, other) => one.facts.knownMs - other.facts.knownMs || one.onsetMs - other.onsetMs)
  return backtest
}

interface SeriesRun {
  dataset: string
  key: string
  run: PointRun
}

const nameOf = ({ raw }: Pick<PointRun, 'raw'>): string => `${raw.partition}/${raw.offset}`

/**
 * Reads to which request each answer of a dataset belongs, as a number, by its place in raw. Only a rule that compares two
 * series of the dataset asks, because one answer brings both. Answers that replace nothing are left out.
 */
async function readRequests(
  store: Store,
  dataset: string,
  request: BacktestRequest,
): Promise<ReadonlyMap<string, number>> {
  const { rule, isAsKnown } = request
  if (!isAsKnown || !referencesOf(rule).some((other) => other.dataset === dataset)) return new Map()
  const answers = await readRows<{ identity: number } & PointRun['raw']>(
    store,
    `SELECT DISTINCT identity, raw_partition AS partition, raw_offset AS offset FROM tidemark.stored_answers
     WHERE replaces AND dataset = {dataset:String} AND known_at < fromUnixTimestamp64Milli({to:Int64})
       AND window_end > fromUnixTimestamp64Milli({from:Int64})`,
    { dataset, from: firstMs(dataset, '', request), to: request.toMs },
  )
  return new Map(answers.map(({ identity, ...raw }) => [nameOf({ raw }), identity]))
}

/** Reads the points of a series that matter: those of the time, and before it what the windows look back to. */
async function readPoints(
  store: Store,
  { dataset, key }: { dataset: string; key: string },
  request: BacktestRequest,
): Promise<StoredPoint[]> {
  const { toMs, isAsKnown } = request
  const until = isAsKnown
    ? 'known_at < fromUnixTimestamp64Milli({to:Int64})'
    : 'ts < fromUnixTimestamp64Milli({to:Int64})'
  const newest = isAsKnown ? 'ts, known_at' : 'ts'
  // What an answer no longer names is a row of `answers`, which costs more. Ticks and files withdraw nothing.
  const isReplaced = datasetsByName.get(dataset)?.dataset.calendar.kind === 'days'
  const table = isReplaced ? 'answers' : 'point_revisions'
  const order = isReplaced ? 'known_at DESC' : 'known_at DESC, transform_version DESC'
  return readRows<StoredPoint>(
    store,
    `SELECT toUnixTimestamp64Milli(toDateTime64(ts, 3)) AS atMs, value, toUnixTimestamp64Milli(known_at) AS knownMs,
       raw_partition AS partition, raw_offset AS offset
     FROM tidemark.${table}
     WHERE dataset = {dataset:String} AND key = {key:String}
       AND ts >= fromUnixTimestamp64Milli({from:Int64}) AND ts < fromUnixTimestamp64Milli({last:Int64}) AND ${until}
     ORDER BY ts, ${order}
     LIMIT 1 BY ${newest}`,
    {
      dataset,
      key,
      from: firstMs(dataset, key, request),
      to: toMs,
      last: isAsKnown ? toMs + aheadOf(dataset, key) : toMs,
    },
  )
}

/** How far ahead the points of a series may lie, ms. */
const aheadOf = (dataset: string, key: string): number =>
  Math.max(0, ...(declaredSeries(dataset, key)?.steps ?? []).map(({ stepS }) => maxAheadOf(stepS)))

/** Event time of the first point that matters to the test of a series, ms UTC. */
const firstMs = (dataset: string, key: string, { rule, version, fromMs, isAsKnown }: BacktestRequest): number =>
  fromMs - longestLookBackMs([{ rule, version }]) - (isAsKnown ? aheadOf(dataset, key) : 3_600_000)

/** Returns the points as the alerter takes them: those of an answer together, or all in one. */
function runsOf(dataset: string, points: readonly StoredPoint[], request: BacktestRequest): PointRun[] {
  const { isAsKnown, fromMs } = request
  const steps = datasetsByName.get(dataset)?.dataset.steps ?? []
  const answers = Map.groupBy(points, ({ knownMs, partition, offset }) =>
    isAsKnown ? `${knownMs}/${partition}/${offset}` : '',
  )
  return [...answers.values()].flatMap((ofAnswer) => {
    const runs: PointRun[] = []
    const values: (number | null)[][] = []
    let nextMs = Number.NaN
    for (const { atMs, value, knownMs, partition, offset } of ofAnswer) {
      const stepS = stepAt(steps, atMs)?.stepS ?? 1
      if (isAsKnown && atMs === nextMs) values.at(-1)?.push(value)
      else {
        const due = isAsKnown ? dueAtMs(dataset, { startMs: atMs, endMs: atMs + stepS * 1_000 }) : null
        const own: (number | null)[] = [value]
        values.push(own)
        runs.push({
          ...{ startMs: atMs, stepS, values: own, dueMs: due, raw: { partition, offset }, identity: 0 },
          knownMs: isAsKnown ? knownMs : atMs,
          isSilent: isAsKnown ? knownMs < fromMs : atMs < fromMs,
        })
      }
      nextMs = atMs + stepS * 1_000
    }
    return runs
  })
}
