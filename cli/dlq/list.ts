import { Command } from 'commander'
import { dataDirectory } from '../directories.ts'
import { groupsOf, groupsText, letterJson, lettersText } from './groups.ts'
import { readLetters } from './read-letters.ts'
import { type FilterOptions, isMeant, readSelection, topicsOf, withFilters } from './selection.ts'
import { withStack } from './with-stack.ts'

interface ListOptions extends FilterOptions {
  all?: boolean
  each?: boolean
  data?: string
  json?: boolean
}

export const list = (): Command =>
  withFilters(new Command('list'))
    .description('the open dead letters by reason, dataset and topic')
    .option('--each', 'one by one, with their ids')
    .option('--all', 'also those that were requeued or dropped')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print it as JSON')
    .action(run)

async function run(options: ListOptions): Promise<void> {
  const selection = readSelection([], options)
  await withStack(options.data, async ({ kafka }) => {
    const letters = (await readLetters(kafka, topicsOf(selection))).filter(
      (letter) => (options.all || letter.decision === undefined) && isMeant(letter, selection),
    )
    process.stdout.write(options.each ? eachText(letters, options) : groupText(letters, options))
  })
}

type Letters = Parameters<typeof groupsOf>[0]

const eachText = (letters: Letters, { json }: ListOptions): string =>
  json ? `${JSON.stringify(letters.map(letterJson))}\n` : lettersText(letters)

const groupText = (letters: Letters, { json }: ListOptions): string =>
  json ? `${JSON.stringify(groupsOf(letters))}\n` : groupsText(groupsOf(letters))
