import { z } from 'zod'
import { Problem } from '#infra/local/problem.ts'
import type { StackFile } from '#infra/local/stack-file.ts'

const statusSchema = z.object({
  now: z.string(),
  datasets: z.array(z.object({ dataset: z.string(), host: z.string() })),
  budgets: z.array(
    z.object({ host: z.string(), sentLastMinute: z.number(), perMinute: z.number(), pausedForMs: z.number() }),
  ),
})

/** What the poller of a stack says of itself: the time of its clock, the host of each dataset, and the hosts' budgets. */
export type PollerStatus = z.infer<typeof statusSchema>

/** @throws Problem when the poller does not answer. */
export async function pollerStatus(stack: StackFile): Promise<PollerStatus> {
  const url = `${stack.endpoints.health.poller}/status`
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(3_000) })
    return statusSchema.parse(await answer.json())
  } catch {
    throw new Problem(`The poller at ${url} does not answer: \`npx tidemark status\` shows its state.`)
  }
}
