import type { Clock } from '#core/clock.ts'
import type { Declarations } from '#core/declare-expectations.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import type { Producer } from '#platform/kafka/produce.ts'
import type { Logger } from '#platform/process/log.ts'
import { completenessTopic } from '#schemas/completeness-topics.ts'
import type { CompletenessChange } from '#schemas/generated/records.ts'
import { evaluate, factsMark } from './evaluate.ts'
import { type Loop, startLoop } from './loop.ts'
import type { MonitorMetrics } from './metrics.ts'

export interface MonitorParts {
  store: Store
  producer: Pick<Producer, 'send'>
  encode: (change: CompletenessChange) => Buffer
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
/** Real ms between two comparisons of the declarations with what is expected. */
const declareEveryMs = 300_000
/** Real ms without a good evaluation after which the monitor is not ready. */
const patienceMs = 180_000

/**
 * Declares what is expected, and evaluates completeness within 15 s of a new fact, and every minute. First the changes are
 * acknowledged, then shown.
 */
export function startMonitor({ store, producer, encode, declare, clock, metrics, log }: MonitorParts): Monitor {
  const sent = new Map<string, string>()
  let declaredAtMs = Number.NEGATIVE_INFINITY
  let evaluatedAtMs = Number.NEGATIVE_INFINITY
  let problem = 'completeness was not evaluated yet'

  const declareIfDue = async (): Promise<void> => {
    if (performance.now() - declaredAtMs < declareEveryMs) return
    const declared = await declare(clock.now().nowMs)
    declaredAtMs = performance.now()
    if (declared.windows + declared.backdated + declared.schedules > 0) log.info(declared, 'declared what is expected')
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
  const { stop } = startLoop(everyMs, () =>
    round().catch((error: Error) => {
      problem = error.message
      log.warn({ err: error }, 'completeness cannot be evaluated: trying again')
    }),
  )
  return {
    stop,
    notReady: () =>
      performance.now() - evaluatedAtMs > patienceMs ? `completeness cannot be evaluated: ${problem}` : undefined,
  }
}

const nameOf = ({ requestIdentity, windowStart }: CompletenessChange): string => `${requestIdentity} ${windowStart}`
const stateOf = (change: CompletenessChange): string => `${change.class} ${change.cause}`
