import { z } from 'zod'
import { Problem } from '#infra/local/problem.ts'
import type { StackFile } from '#infra/local/stack-file.ts'
import type { Dataset } from '#sources/source.ts'
import { dataOptionFor } from './directories.ts'

const statusSchema = z.object({
  datasets: z.record(z.string(), z.number()),
  // A normalizer of an earlier version switches nothing off.
  off: z.array(z.string()).default([]),
})

/**
 * Live answers must be read as a replay reads stored ones: otherwise the older reading would come back.
 * @throws Problem when the running normalizer is of another transform version, or does not answer
 */
export async function refuseOtherNormalizer(stack: StackFile, dataset: Dataset): Promise<void> {
  const { name, transformVersion } = dataset
  const running = (await normalizerStatus(stack)).datasets[name]
  if (running === transformVersion) return
  const restart = `restart it with this release first (\`npx tidemark down${dataOptionFor(stack)}\`, then up)`
  throw new Problem(
    `The running normalizer explodes ${name} with transform version ${running ?? '(none)'}, this release with ${transformVersion}: ${restart}.`,
  )
}

/**
 * The transform versions that the running normalizer has, by dataset, and the datasets that are switched off there.
 * @throws Problem when it does not answer
 */
export async function normalizerStatus(stack: StackFile): Promise<z.infer<typeof statusSchema>> {
  const url = `${stack.endpoints.health.normalizer}/status`
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(3_000) })
    return statusSchema.parse(await answer.json())
  } catch {
    const hint = `\`npx tidemark status${dataOptionFor(stack)}\` shows its state`
    throw new Problem(`The normalizer at ${url} does not say which transform versions it runs: ${hint}.`)
  }
}
