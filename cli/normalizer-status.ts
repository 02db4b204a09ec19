import type { StackFile } from '#local/stack-file.ts'
import { type NormalizerStatus, readNormalizerStatus } from '#operations/normalizer/status.ts'
import { UserError } from '#platform/process/user-error.ts'
import { dataOptionFor } from './directories.ts'

/** Fetches the normalizer's status. @throws UserError if the normalizer does not answer within 3 s */
export async function normalizerStatus(stack: Pick<StackFile, 'endpoints' | 'dataDir'>): Promise<NormalizerStatus> {
  const url = `${stack.endpoints.health.normalizer}/status`
  return readNormalizerStatus(url).catch(() => {
    const hint = `\`npx tidemark status${dataOptionFor(stack)}\``
    throw new UserError(`The normalizer at ${url} does not answer: ${hint} shows its state.`)
  })
}
