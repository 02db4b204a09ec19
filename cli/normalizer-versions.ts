import type { StackFile } from '#local/stack-file.ts'
import { waitForNormalizerStatus } from '#operations/normalizer/status.ts'
import { refuseOtherNormalizer } from '#operations/normalizer/versions.ts'
import type { Dataset } from '#sources/source.ts'
import { dataOptionFor } from './directories.ts'
import { normalizerAway } from './normalizer-status.ts'

/** @throws UserError if the stack's normalizer has another version than this process, or does not answer for 20 s */
export async function requireSameNormalizer(stack: StackFile, datasets: Iterable<Dataset>): Promise<void> {
  const status = await waitForNormalizerStatus(`${stack.endpoints.health.normalizer}/status`).catch(() => {
    throw normalizerAway(stack)
  })
  refuseOtherNormalizer(status.datasets, datasets, `\`npx tidemark down${dataOptionFor(stack)}\`, then up`)
}
