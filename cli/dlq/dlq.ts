import { Command } from 'commander'
import { type DeadLetter, letterJson } from '#core/dead-letter.ts'
import { groupLetters, listDeadLetters } from '#operations/dead-letters/list.ts'
import { findLetter, readContent } from '#operations/dead-letters/show.ts'
import { dataDirectory } from '../directories.ts'
import { type FilterOptions, readId, readSelection, withFilters } from './options.ts'
import { release } from './release.ts'
import { contentText, groupsText, lettersText, letterText } from './report.ts'
import { drop, requeue } from './resolve.ts'
import { withStack } from './with-stack.ts'

export const dlq = (): Command => {
  const command = new Command('dlq').description('dead letters: what was refused, why, and what to do with it')
  for (const part of [list, show, requeue, drop, release]) command.addCommand(part())
  return command
}

interface ListOptions extends FilterOptions {
  all?: boolean
  each?: boolean
  data?: string
  json?: boolean
}

const list = (): Command =>
  withFilters(new Command('list'))
    .description('the open dead letters by reason, dataset and topic')
    .option('--each', 'one by one, with their ids')
    .option('--all', 'also those that were requeued or dropped')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print it as JSON')
    .action(runList)

async function runList({ all = false, each, json, data, ...filters }: ListOptions): Promise<void> {
  const request = { selection: readSelection([], filters), withSettled: all }
  const letters = await withStack(data, ({ clients, onProgress }) =>
    listDeadLetters(clients.kafka, request, onProgress),
  )
  if (json) process.stdout.write(`${JSON.stringify(each ? letters.map(letterJson) : groupLetters(letters))}\n`)
  else process.stdout.write(each ? lettersText(letters) : groupsText(groupLetters(letters)))
}

interface ShowOptions {
  raw?: boolean
  data?: string
  json?: boolean
}

const show = (): Command =>
  new Command('show')
    .description('one dead letter: its headers, what became of it, and what it holds')
    .argument('<id>', 'as `tidemark dlq list --each` names it: jao.dlq/0/17')
    .option('--raw', 'write its bytes to stdout as they are, and nothing else')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print it as JSON')
    .action(runShow)

async function runShow(id: string, options: ShowOptions): Promise<void> {
  const place = readId(id)
  await withStack(options.data, async ({ clients: { kafka, registry } }) => {
    const { letter, record } = await findLetter(kafka, place)
    if (options.raw) return writeBytes(letter, record.value)
    const content = contentText(await readContent(record, letter.source?.topic, registry))
    const headers = Object.entries(record.headers).map(([name, value]): [string, string] => [name, value.toString()])
    const json = () => `${JSON.stringify({ ...letterJson(letter), headers: Object.fromEntries(headers), content })}\n`
    process.stdout.write(options.json ? json() : letterText(letter, headers, content))
  })
}

function writeBytes({ id }: DeadLetter, value: Buffer | null): void {
  if (value === null) process.stderr.write(`${id} has no value\n`)
  else process.stdout.write(value)
}
