import { Command } from 'commander'
import { drop as dropSelected } from '#operations/dead-letters/drop.ts'
import { requeue as requeueSelected } from '#operations/dead-letters/requeue.ts'
import { UserError } from '#platform/process/user-error.ts'
import { dataDirectory } from '../directories.ts'
import { normalizerStatus } from '../normalizer-status.ts'
import { type FilterOptions, readChangedSelection, withFilters } from './options.ts'
import { printOutcome } from './report.ts'
import { authorOf, withStack } from './with-stack.ts'

interface SettleOptions extends FilterOptions {
  everything?: boolean
  dryRun?: boolean
  why: string
  data?: string
  json?: boolean
}

export const requeue = (): Command =>
  withFilters(new Command('requeue'))
    .description('send dead letters back to the topic and partition that they came from')
    .argument('[ids...]', 'as `tidemark dlq list --each` names them: jao.dlq/0/17')
    .option('--everything', 'every open letter: must be said when nothing else is')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--again', 'also what came back for the same reason; with ids also what was requeued or dropped before')
    .option('--why <text>', 'for the record', 'not told')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print what came of it as JSON')
    .addHelpText(
      'after',
      '\nWaits until the messages are handled, half a minute at the most, and says which were refused again. Exit code 1 then,\nand when a letter that was meant stays; each is named.',
    )
    .action(runRequeue)

async function runRequeue(ids: string[], options: SettleOptions & { again?: boolean }): Promise<void> {
  const { dryRun = false, again = false, why } = options
  const selection = readChangedSelection(ids, options)
  const result = await withStack(options.data, ({ clients, stack, onProgress }) => {
    const parkedDatasets = async () => {
      // If the normalizer does not answer, no dataset counts as parked.
      const status = await normalizerStatus(stack).catch(() => undefined)
      return new Set(status?.parked.map(({ dataset }) => dataset))
    }
    const request = { selection, again, dryRun, decider: authorOf(stack, why), parkedDatasets }
    return requeueSelected(clients.kafka, request, onProgress)
  })
  printOutcome({ verb: 'requeued', dryRun, ...result }, options.json)
}

export const drop = (): Command =>
  withFilters(new Command('drop'))
    .description('settle dead letters that nobody will mend; their bytes stay where they are')
    .argument('[ids...]', 'as `tidemark dlq list --each` names them: jao.dlq/0/17')
    .requiredOption('--why <text>', 'for the record')
    .option('--everything', 'every open letter: must be said when nothing else is')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print what came of it as JSON')
    .addHelpText('after', '\nExit code 1 when a letter that was meant stays; each is named.')
    .action(runDrop)

async function runDrop(ids: string[], options: SettleOptions): Promise<void> {
  const { dryRun = false, why } = options
  if (why.trim() === '') throw new UserError('--why is empty: say why the letters are dropped.')
  const selection = readChangedSelection(ids, options)
  const result = await withStack(options.data, ({ clients, stack, onProgress }) =>
    dropSelected(clients.kafka, { selection, dryRun, decider: authorOf(stack, why) }, onProgress),
  )
  printOutcome({ verb: 'dropped', dryRun, ...result }, options.json)
}
