import type { StackFile } from '#local/stack-file.ts'
import { type NormalizerStatus, readNormalizerStatus } from '#operations/normalizer/status.ts'
import { UserError } from '#platform/process/user-error.ts'
import { dataOptionFor } from './directories.ts'

type Stack = Pick<StackFile, 'endpoints' | 'dataDir'>

/** Fetches the normalizer's status. @throws UserError if the normalizer does not answer within 3 s */
export async function normalizerStatus(stack: Stack): Promise<NormalizerStatus> {
  return readNormalizerStatus(`${stack.endpoints.health.normalizer}/status`).catch(() => {
    throw normalizerAway(stack)
  })
}

export const normalizerAway = (stack: Stack): UserError =>
  new UserError(
    `The normalizer at ${stack.endpoints.health.normalizer}/status does not answer: \`npx tidemark status${dataOptionFor(stack)}\` shows its state.`,
  )
