import type { StackFile } from '#local/stack-file.ts'
import { refuseOtherNormalizer } from '#operations/normalizer/versions.ts'
import type { Dataset } from '#sources/source.ts'
import { dataOptionFor } from './directories.ts'
import { normalizerStatus } from './normalizer-status.ts'

/** @throws UserError if the stack's normalizer has another version than this process, or does not answer */
export async function requireSameNormalizer(stack: StackFile, datasets: Iterable<Dataset>): Promise<void> {
  const running = (await normalizerStatus(stack)).datasets
  refuseOtherNormalizer(running, datasets, `\`npx tidemark down${dataOptionFor(stack)}\`, then up`)
}
