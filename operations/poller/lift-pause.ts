import { requestLift } from '#core/request-windows.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { pause } from '#platform/process/retry.ts'
import type { PollerStatus } from './status.ts'

/** Pause of a host; `until` is ISO 8601 UTC. null: the host is not paused. undefined: another poller owns the host. */
export type Pause = { until: string; reason: string } | null | undefined

export interface LiftedPause {
  pause: Pause
  /** False: the poller did not confirm the lift within 30 s. If another poller owns the host, this is always true. */
  isConfirmed: boolean
}

export interface LiftParts {
  kafka: Kafka
  registry: Registry
  /** Rejects while the poller does not answer. */
  pollerStatus: () => Promise<PollerStatus>
}

const patienceMs = 30_000
const lookEveryMs = 200
/** Two ends that differ by at most this are the same pause, ms. The poller recomputes the end for each status. */
const sameEndMs = 1_000

/**
 * Lifts the pause of a host, which is named as by `hostOf()`. Does nothing if the host is not paused. If the poller
 * owns the host, waits up to 30 s for the poller's confirmation.
 * @throws the error of `pollerStatus` if the first call fails
 */
export async function liftPause(parts: LiftParts, host: string, requestedBy: string): Promise<LiftedPause> {
  const before = pauseOf(await parts.pollerStatus(), host)
  if (before === null) return { pause: null, isConfirmed: true }
  await requestLift(parts.kafka, parts.registry, host, requestedBy)
  return { pause: before, isConfirmed: before === undefined || (await isOver(parts, host, before.until)) }
}

function pauseOf({ budgets }: PollerStatus, host: string): Pause {
  const budget = budgets.find((one) => one.host === host)
  if (budget === undefined) return undefined
  return budget.pausedUntil === null ? null : { until: budget.pausedUntil, reason: budget.pauseReason ?? 'not stated' }
}

async function isOver({ pollerStatus }: LiftParts, host: string, until: string): Promise<boolean> {
  for (const endMs = Date.now() + patienceMs; ; await pause(lookEveryMs)) {
    const status = await pollerStatus().catch(() => undefined)
    const now = status?.budgets.find((one) => one.host === host)
    // A different end means a new pause: the host was asked again and refused again.
    if (now !== undefined && (now.pausedUntil === null || isOtherEnd(now.pausedUntil, until))) return true
    if (Date.now() > endMs) return false
  }
}

const isOtherEnd = (one: string, other: string): boolean => Math.abs(Date.parse(one) - Date.parse(other)) > sameEndMs
