import type { StackFile } from '#local/stack-file.ts'
import { type PollerStatus, readPollerStatus } from '#operations/poller/status.ts'
import { UserError } from '#platform/process/user-error.ts'
import { dataOptionFor } from './directories.ts'

/** Fetches the poller's status. @throws UserError if the poller does not answer within 3 s */
export async function pollerStatus(stack: Pick<StackFile, 'endpoints' | 'dataDir'>): Promise<PollerStatus> {
  const url = `${stack.endpoints.health.poller}/status`
  try {
    return await readPollerStatus(url)
  } catch {
    const hint = `\`npx tidemark status${dataOptionFor(stack)}\``
    throw new UserError(`The poller at ${url} does not answer: ${hint} shows its state.`)
  }
}
