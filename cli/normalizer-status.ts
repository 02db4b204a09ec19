import { z } from 'zod'
import type { StackFile } from '#local/stack-file.ts'
import { UserError } from '#platform/process/user-error.ts'
import { dataOptionFor } from './directories.ts'

const statusSchema = z.object({
  version: z.string(),
  datasets: z.record(z.string(), z.number()),
  // Normalizers of earlier versions do not send these fields.
  off: z.array(z.string()).default([]),
  parked: z
    .array(z.object({ dataset: z.string(), reason: z.string(), message: z.string(), by: z.string(), at: z.string() }))
    .default([]),
})

/** Status of the normalizer: the transform version of each dataset, and the datasets that are off or parked. */
export type NormalizerStatus = z.infer<typeof statusSchema>

/** Fetches the normalizer's status. @throws UserError if the normalizer does not answer within 3 s */
export async function normalizerStatus(stack: Pick<StackFile, 'endpoints' | 'dataDir'>): Promise<NormalizerStatus> {
  const url = `${stack.endpoints.health.normalizer}/status`
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(3_000) })
    return statusSchema.parse(await answer.json())
  } catch {
    const hint = `\`npx tidemark status${dataOptionFor(stack)}\``
    throw new UserError(`The normalizer at ${url} does not answer: ${hint} shows its state.`)
  }
}
