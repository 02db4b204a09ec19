import { Command } from 'commander'
import type { DeadLetter } from '#core/dead-letter.ts'
import { datasetNames, findDataset } from '#core/find-dataset.ts'
import { type RefusedLetter, type ReleaseResult, release as releaseDataset } from '#operations/dead-letters/release.ts'
import { printable } from '#platform/process/printable.ts'
import { UserError } from '#platform/process/user-error.ts'
import { dataDirectory } from '../directories.ts'
import { normalizerStatus } from '../normalizer-status.ts'
import { requireSameNormalizer } from '../normalizer-versions.ts'
import { printOutcome, stayText } from './report.ts'
import { authorOf, withStack } from './with-stack.ts'

interface ReleaseOptions {
  why: string
  anyway?: boolean
  data?: string
  json?: boolean
}

export const release = (): Command =>
  new Command('release')
    .description('release a parked dataset, and requeue its letters that nobody looked at because it was parked')
    .argument('<dataset>', datasetNames())
    .option('--anyway', 'also where the newest letters would be refused again')
    .option('--why <text>', 'for the record', 'released')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print what came of it as JSON')
    .addHelpText(
      'after',
      "\nTries the letters first, with this release's code: those that it would refuse again stay, and where that is the newest\nof each kind the dataset stays parked. Exit code 1 when a letter stays, or the dataset is parked. Letters refused before\nit was parked stay: `requeue` them.",
    )
    .action(run)

async function run(dataset: string, options: ReleaseOptions): Promise<void> {
  const { source, dataset: declared } = findDataset(dataset)
  const result = await withStack(options.data, async ({ clients, stack, onProgress }) => {
    // The running normalizer must have this release's explode. Otherwise a trial of the dead letters proves nothing.
    await requireSameNormalizer(stack, [declared])
    const parkedNow = async () => (await normalizerStatus(stack)).parked
    const decider = authorOf(stack, options.why)
    const request = { source: source.name, dataset, anyway: options.anyway === true, decider }
    return releaseDataset({ ...clients, parkedNow }, request, onProgress)
  })
  print(dataset, result, options.json)
}

/** Prints the outcome. @throws UserError if the dataset is still parked, or if it is unknown whether it is parked */
function print(dataset: string, result: ReleaseResult, json: boolean | undefined): void {
  const outcome = { verb: 'requeued', dryRun: false, done: [] as DeadLetter[], unknown: [], ...result } as const
  if (result.state === 'stays-parked') {
    printOutcome({ ...outcome, parked: true }, json)
    throw new UserError(
      `${dataset} stays parked: what came last ${printable(refusedKinds(result.newest))}. ${adviceOn(dataset)} With --anyway it is released now, and what can be read is requeued.`,
    )
  }
  const { wasParked, done, skipped, refused, after } = result
  if (!wasParked && done.length + skipped.length === 0) process.stderr.write(`${dataset} is not parked\n`)
  printOutcome({ ...outcome, parked: 'unknown' in after ? null : after.parked !== null }, json)
  if ('unknown' in after) throw after.unknown
  if (after.parked) throw new UserError(`${dataset} was parked again: ${printable(after.parked.message)}.`)
  if (wasParked) process.stderr.write(`${dataset} goes on\n`)
  if (refused > 0) process.stderr.write(`${adviceOn(dataset)}\n`)
}

const maxKindsShown = 3

function refusedKinds(newest: readonly RefusedLetter[]): string {
  const kinds = newest
    .slice(0, maxKindsShown)
    .map(({ letter, why }) => `${letter.id} ${stayText({ kind: 'would-be-refused', ...why })}`)
  const more = newest.length > maxKindsShown ? [`${newest.length - maxKindsShown} kinds more`] : []
  return [...kinds, ...more].join('; ')
}

const adviceOn = (dataset: string): string =>
  `What this release cannot read stays: mend explode, restart, and release ${dataset} once more, or give it up by \`npx tidemark dlq drop --reason parked --key ${dataset} --why '...'\`.`
