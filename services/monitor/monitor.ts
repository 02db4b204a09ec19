import type { Clock, ClockReading } from '#core/clock.ts'
import type { Declarations } from '#core/declare-expectations.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import type { Producer } from '#platform/kafka/produce.ts'
import type { Logger } from '#platform/process/log.ts'
import { pause } from '#platform/process/retry.ts'
import { completenessTopic } from '#schemas/completeness-topics.ts'
import type { CompletenessChange, HostLog } from '#schemas/generated/records.ts'
import { hostLogTopic } from '#schemas/topics.ts'
import { evaluate, factsMark } from './evaluate.ts'
import { type Loop, startLoop } from './loop.ts'
import type { MonitorMetrics } from './metrics.ts'

export interface MonitorParts {
  store: Store
  producer: Pick<Producer, 'send'>
  encode: (change: CompletenessChange) => Buffer
  encodeHostLog: (record: HostLog) => Buffer
  /** The name of this process. */
  by: string
  declare: (nowMs: number) => Promise<Declarations>
  clock: Pick<Clock, 'now'>
  metrics: MonitorMetrics
  log: Logger
}

export interface Monitor extends Loop {
  notReady: () => string | undefined
}

/** Real ms between two looks at the facts. */
const everyMs = 15_000
/** Real ms between two evaluations while no fact is written: windows become late, and pollers silent, by themselves. */
const evaluateEveryMs = 60_000
/** Ms of the monitor's clock between two comparisons of the declarations with what is expected. */
const declareEveryMs = 300_000
/** Ms of the monitor's clock between two records of the host log. */
const tellEveryMs = 60_000
/** Real ms between two looks at the clock. A simulated clock may leap. */
const lookEveryMs = 1_000
/** The host of the monitor's records in the host log: it owns what is expected. */
export const monitorHost = 'tidemark-monitor'
/** Real ms without a good evaluation after which the monitor is not ready. */
const patienceMs = 180_000

/**
 * Declares what is expected, and evaluates completeness within 15 s of a new fact, and every minute. First the changes are
 * acknowledged, then shown. Once a minute it says in the host log up to when all its declarations are acknowledged: so the
 * store knows that its sink is not behind, also while no poller runs.
 */
export function startMonitor(parts: MonitorParts): Monitor {
  const { store, producer, encode, declare, clock, metrics, log } = parts
  const sent = new Map<string, string>()
  let declared: ClockReading | undefined
  let declaringSinceMs: number | undefined
  let evaluatedAtMs = Number.NEGATIVE_INFINITY
  let problem = 'completeness was not evaluated yet'

  const declareIfDue = async (): Promise<void> => {
    const moment = clock.now()
    if (declared !== undefined && passedMs(declared, moment) < declareEveryMs) return
    declaringSinceMs ??= moment.nowMs
    const found = await declare(moment.nowMs)
    declaringSinceMs = undefined
    declared = moment
    if (found.windows + found.backdated + found.schedules > 0) log.info(found, 'declared what is expected')
  }
  let mark = ''
  const round = async (): Promise<void> => {
    await declareIfDue()
    const newMark = await factsMark(store)
    if (newMark === mark && performance.now() - evaluatedAtMs < evaluateEveryMs) return
    const beganMs = performance.now()
    const evaluation = await evaluate(store, clock.now().nowMs)
    const changes = evaluation.changes.filter(({ record }) => sent.get(nameOf(record)) !== stateOf(record))
    const records = changes.map(({ record }) => ({ key: record.requestIdentity, value: encode(record) }))
    await producer.send(completenessTopic.name, records)
    // The sink may be behind: what was sent is not sent again before the store has it.
    sent.clear()
    for (const { record } of evaluation.changes) sent.set(nameOf(record), stateOf(record))
    metrics.show(evaluation, changes, (performance.now() - beganMs) / 1_000)
    mark = newMark
    evaluatedAtMs = performance.now()
    if (changes.length > 0) log.info({ changes: changes.length }, 'windows changed their class')
  }
  const settledTo = (nowMs: number): number => (declaringSinceMs === undefined ? nowMs : declaringSinceMs - 1)
  const evaluating = startLoop(everyMs, () =>
    round().catch((error: Error) => {
      problem = error.message
      log.warn({ err: error }, 'completeness cannot be evaluated: trying again')
    }),
  )
  const stopping = new AbortController()
  const telling = tellHostLog(parts, settledTo, stopping.signal)
  return {
    notReady: () =>
      performance.now() - evaluatedAtMs > patienceMs ? `completeness cannot be evaluated: ${problem}` : undefined,
    stop: async () => {
      stopping.abort()
      await Promise.all([evaluating.stop(), telling])
    },
  }
}

const passedMs = (from: ClockReading, to: ClockReading): number =>
  Math.max(to.nowMs - from.nowMs, to.monotonicMs - from.monotonicMs)

/** Writes a record of the host log once a minute, and at the end. A record that Kafka does not take is left out. */
async function tellHostLog(
  { producer, encodeHostLog, by, clock, log }: MonitorParts,
  settledTo: (nowMs: number) => number,
  stopping: AbortSignal,
): Promise<void> {
  const tell = async (state: 'owned' | 'released'): Promise<ClockReading> => {
    const moment = clock.now()
    const counts = { waitingForBudget: 0, dueRequests: 0, pausedUntil: null, pauseReason: null }
    const said = { host: monitorHost, at: moment.nowMs, poller: by, state, settledTo: settledTo(moment.nowMs) }
    await producer
      .send(hostLogTopic.name, [{ key: monitorHost, value: encodeHostLog({ ...said, ...counts }) }])
      .catch((error: Error) => log.warn({ err: error }, 'the host log could not be written: trying again in a minute'))
    return moment
  }
  let told = await tell('owned')
  while (!stopping.aborted) {
    if (passedMs(told, clock.now()) >= tellEveryMs) told = await tell('owned')
    await pause(lookEveryMs, stopping)
  }
  await tell('released')
}

const nameOf = ({ requestIdentity, windowStart }: CompletenessChange): string => `${requestIdentity} ${windowStart}`
const stateOf = (change: CompletenessChange): string => `${change.class} ${change.cause}`
