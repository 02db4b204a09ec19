import { z } from 'zod'
import { pause } from '#platform/process/retry.ts'

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

/** Fetches the normalizer's status once. @throws if it does not answer within 3 s, or the response is invalid */
export async function readNormalizerStatus(url: string): Promise<NormalizerStatus> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(3_000) })
  return statusSchema.parse(await answer.json())
}

/** Fetches the status until it succeeds. A normalizer that starts again, on a busy machine, does not answer at once. */
export async function waitForNormalizerStatus(url: string, patienceMs = 20_000): Promise<NormalizerStatus> {
  for (const endMs = Date.now() + patienceMs; ; await pause(250)) {
    try {
      return await readNormalizerStatus(url)
    } catch (error) {
      if (Date.now() > endMs) throw error
    }
  }
}
