import { Command } from 'commander'
import type { Kafka } from '#platform/kafka/client.ts'
import { openProducer } from '#platform/kafka/produce.ts'
import { Problem } from '#platform/process/problem.ts'
import { whoAmI } from '#platform/process/who.ts'
import { dataDirectory } from '../directories.ts'
import type { Letter } from './letter.ts'
import { readMeant } from './meant.ts'
import { tell } from './outcome.ts'
import { type FilterOptions, readSelection, withFilters } from './selection.ts'
import { type Decider, tryToDecide } from './settle-letters.ts'
import { withStack } from './with-stack.ts'

interface DropOptions extends FilterOptions {
  why: string
  everything?: boolean
  dryRun?: boolean
  data?: string
  json?: boolean
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
    .action(run)

async function run(ids: string[], options: DropOptions): Promise<void> {
  if (options.why.trim() === '') throw new Problem('--why is empty: say why the letters are dropped.')
  const selection = readSelection(ids, options)
  await withStack(options.data, async ({ kafka }) => {
    const { letters, unknown } = await readMeant(kafka, selection, options.everything)
    const { open = [], settled = [] } = Object.groupBy(letters, ({ decision }) => (decision ? 'settled' : 'open'))
    if (!options.dryRun) await dropLetters(kafka, open, { by: whoAmI(), why: options.why })
    const stay = settled.map((letter) => ({ letter, why: `was ${letter.decision?.decision} before` }))
    tell({ verb: 'dropped', dryRun: options.dryRun === true, done: open, stay, unknown }, options.json)
  })
}

/** @throws Problem when Kafka does not take the record of it */
export async function dropLetters(kafka: Kafka, letters: readonly Letter[], decider: Decider): Promise<void> {
  if (letters.length === 0) return
  const producer = await openProducer(kafka)
  try {
    const problem = await tryToDecide(producer, letters, 'dropped', decider)
    if (problem !== undefined) throw new Problem(`Not all letters were dropped (${problem}): do it again.`)
  } finally {
    await producer.disconnect()
  }
}
