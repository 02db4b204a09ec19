import type { StackFile } from '#local/stack-file.ts'

/** Returns the time by the clock that the stack's poller follows, ms UTC: the simulator's, else that of this machine. */
export async function stackNowMs({ endpoints: { simulator } }: StackFile): Promise<number> {
  if (simulator === undefined) return Date.now()
  try {
    const answer = await fetch(new URL('/simulator/clock', simulator), { signal: AbortSignal.timeout(2_000) })
    const { nowMs } = (await answer.json()) as { nowMs?: unknown }
    return typeof nowMs === 'number' ? nowMs : Date.now()
  } catch {
    return Date.now()
  }
}
