import type { StackFile } from '#local/stack-file.ts'
import { UserError } from '#platform/process/user-error.ts'
import type { Dataset } from '#sources/source.ts'
import { dataOptionFor } from './directories.ts'
import { normalizerStatus } from './normalizer-status.ts'

/**
 * Checks that live answers get the same transform version as replayed answers.
 * @throws UserError if the normalizer has another version than this process, or does not answer
 */
export async function refuseOtherNormalizer(stack: StackFile, datasets: Iterable<Dataset>): Promise<void> {
  const running = (await normalizerStatus(stack)).datasets
  for (const { name, transformVersion } of datasets) {
    if (running[name] !== transformVersion) refuse(stack, name, transformVersion, running[name])
  }
}

function refuse(stack: StackFile, name: string, transformVersion: number, running: number | undefined): never {
  const todo =
    running !== undefined && running > transformVersion
      ? 'this checkout is older than what runs, use that of the running release (to roll back, see docs/releasing.md)'
      : `restart it with this release first (\`npx tidemark down${dataOptionFor(stack)}\`, then up)`
  throw new UserError(
    `The running normalizer explodes ${name} with transform version ${running ?? '(none)'}, this release with ${transformVersion}: ${todo}.`,
  )
}

/** Checks a dataset's version. @throws UserError with advice on rollback if the store has a newer transform version */
export function refuseOlderVersion({ name, transformVersion }: Dataset, stored: number): void {
  if (stored <= transformVersion) return
  throw new UserError(
    `The store has ${name} of transform version ${stored}, this release explodes with ${transformVersion}: an older version never wins. To roll back, release the old code under version ${stored + 1} or higher and replay.`,
  )
}
