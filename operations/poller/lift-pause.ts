// Lifts the pause of a host that upstream wants left alone.
import { requestLift } from '#core/request-windows.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { pause } from '#platform/process/retry.ts'
import type { PollerStatus } from './status.ts'

/** The pause of a host, until when (ISO 8601 UTC) and why. null: there is none; undefined: another poller knows. */
export type Pause = { until: string; reason: string } | null | undefined

export interface LiftedPause {
  /** As it was. */
  pause: Pause
  /** false: the poller has not said within 30 s that it is over. Nobody waits for another poller. */
  isHeard: boolean
}

export interface LiftParts {
  kafka: Kafka
  registry: Registry
  /** What the poller says of itself. Rejects while it does not answer. */
  pollerStatus: () => Promise<PollerStatus>
}

const patienceMs = 30_000
const lookEveryMs = 200
/** The end of a pause is told anew each time, and may differ by some ms. */
const sameEndMs = 1_000

/**
 * Lifts the pause of a host, if there is one: says so on the topic, and waits until the poller has heard of it, where it
 * is the one that asks the host.
 *
 * @param host as hostOf() names it
 * @param requestedBy who asks, for the log
 * @throws what `pollerStatus` throws when the poller does not answer at first
 */
export async function liftPause(parts: LiftParts, host: string, requestedBy: string): Promise<LiftedPause> {
  const before = pauseOf(await parts.pollerStatus(), host)
  if (before === null) return { pause: null, isHeard: true }
  await requestLift(parts.kafka, parts.registry, host, requestedBy)
  return { pause: before, isHeard: before === undefined || (await isOver(parts, host, before.until)) }
}

function pauseOf({ budgets }: PollerStatus, host: string): Pause {
  const budget = budgets.find((one) => one.host === host)
  if (budget === undefined) return undefined
  return budget.pausedUntil === null ? null : { until: budget.pausedUntil, reason: budget.pauseReason ?? 'not stated' }
}

/** Waits until a pause is over that was to end then; false when it is not soon. */
async function isOver({ pollerStatus }: LiftParts, host: string, until: string): Promise<boolean> {
  for (const endMs = Date.now() + patienceMs; ; await pause(lookEveryMs)) {
    const status = await pollerStatus().catch(() => undefined)
    const now = status?.budgets.find((one) => one.host === host)
    // A pause with another end is a new one: upstream was asked, and said it again.
    if (now !== undefined && (now.pausedUntil === null || isOtherEnd(now.pausedUntil, until))) return true
    if (Date.now() > endMs) return false
  }
}

const isOtherEnd = (one: string, other: string): boolean => Math.abs(Date.parse(one) - Date.parse(other)) > sameEndMs
