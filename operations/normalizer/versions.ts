import { UserError } from '#platform/process/user-error.ts'
import type { Dataset } from '#sources/source.ts'

/**
 * Checks that live answers get the same transform version as replayed answers.
 * @param running the transform versions of the running normalizer, by dataset
 * @param restart how to start the normalizer with this release, for the message
 * @throws UserError if the normalizer has another version than this process
 */
export function refuseOtherNormalizer(
  running: Readonly<Record<string, number>>,
  datasets: Iterable<Pick<Dataset, 'name' | 'transformVersion'>>,
  restart: string,
): void {
  for (const { name, transformVersion } of datasets) {
    const other = running[name]
    if (other === transformVersion) continue
    const todo =
      other !== undefined && other > transformVersion
        ? 'this checkout is older than what runs, use that of the running release (to roll back, see docs/releasing.md)'
        : `restart it with this release first (${restart})`
    throw new UserError(
      `The running normalizer explodes ${name} with transform version ${other ?? '(none)'}, this release with ${transformVersion}: ${todo}.`,
    )
  }
}

/** Checks a dataset's version. @throws UserError with advice on rollback if the store has a newer transform version */
export function refuseOlderVersion({ name, transformVersion }: Dataset, stored: number): void {
  if (stored <= transformVersion) return
  throw new UserError(
    `The store has ${name} of transform version ${stored}, this release explodes with ${transformVersion}: an older version never wins. To roll back, release the old code under version ${stored + 1} or higher and replay.`,
  )
}
