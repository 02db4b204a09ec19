import { Command } from 'commander'
import { expect, test } from 'vitest'
import { backfill } from './backfill/backfill.ts'
import { backup } from './backup.ts'
import { catalogue } from './catalogue/catalogue.ts'
import { deleteCommand } from './delete.ts'
import { dlq } from './dlq/dlq.ts'
import { explain } from './explain/explain.ts'
import { ingest } from './ingest/ingest.ts'
import { newSource } from './new-source/new-source.ts'
import { query } from './query.ts'
import { replay } from './replay.ts'
import { restore } from './restore.ts'
import { resume } from './resume.ts'
import { examples, sayUsageErrors, unknownCommand } from './usage.ts'

const all = [
  backfill,
  backup,
  catalogue,
  deleteCommand,
  dlq,
  explain,
  ingest,
  newSource,
  query,
  replay,
  restore,
  resume,
]
const needy = (command: Command): boolean =>
  command.registeredArguments.some(({ required }) => required) || command.options.some(({ mandatory }) => mandatory)

/** Returns the usage error for a command line, without running the command. */
async function said(...words: string[]): Promise<string> {
  let told = ''
  const program = new Command('tidemark')
  for (const make of all) program.addCommand(make())
  for (const command of program.commands) {
    sayUsageErrors(command, command.name())
    for (const each of [command, ...command.commands]) {
      if (each.commands.length === 0) each.action(() => {})
      each.exitOverride().configureOutput({
        writeErr: (text) => {
          told += text
        },
      })
    }
  }
  await program.parseAsync(['node', 'tidemark', ...words]).catch(() => {})
  return told
}

test('what is missing is named at once, with a line to copy', async () => {
  expect(await said('backfill')).toBe(`tidemark: backfill needs <dataset> and --from <day> and --to <day>. For example:
  npx tidemark backfill jao.core.maxExchanges --from 2026-10-01 --to 2026-10-31
\`npx tidemark backfill --help\` says more.
`)
  expect(await said('explain', 'jao.core.maxExchanges')).toMatch(
    /^tidemark: explain needs <key> and <time>\. For example/,
  )
  expect(await said('dlq', 'show')).toMatch(
    /^tidemark: dlq show needs <id>\. For example:\n {2}npx tidemark dlq show jao/,
  )
})

test('every command that needs something has an example, and each example is a line that the command takes', async () => {
  const names = all
    .map((make) => make())
    .flatMap((command) => [
      ...(needy(command) ? [command.name()] : []),
      ...command.commands.filter(needy).map((below) => `${command.name()} ${below.name()}`),
    ])
  expect(Object.keys(examples)).toEqual(names.toSorted())
  for (const [name, line] of Object.entries(examples))
    expect([name, await said(...(`${name} ${line}`.match(/"[^"]*"|\S+/g) ?? []))]).toEqual([name, ''])
})

test('a command that there is not is named, with those most like it and what to do', async () => {
  expect(unknownCommand('statu', ['up', 'status'])).toBe(
    'There is no command statu; the nearest are: status, up. `npx tidemark --help` names them all.',
  )
  expect(await said('dlq', 'lst')).toMatch(/^tidemark: There is no command dlq lst; the nearest are: list, /)
  expect(await said('catalogue', 'bla')).toMatch(
    /There is no command catalogue bla; .+ `npx tidemark catalogue search bla` looks for datasets with this word\./,
  )
  expect(await said('catalogue', 'jao.core.maxExchanges')).toMatch(
    /`npx tidemark catalogue show jao\.core\.maxExchanges`/,
  )
})

test('other errors say which command they are of', async () => {
  expect(await said('query', 'SELECT 1', '--formt')).toBe(
    "tidemark: query: unknown option '--formt' (Did you mean --format?) `npx tidemark query --help` says more.\n",
  )
})
