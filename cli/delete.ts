import { createInterface } from 'node:readline/promises'
import { Command } from 'commander'
import { parseDay } from '#core/day.ts'
import { datasetNames, findDataset } from '#core/find-dataset.ts'
import { backupsFile } from '#core/known-backups.ts'
import { recordDeletionInBackups } from '#local/backup-records.ts'
import { deletionsFile, recordDeletion } from '#local/deletions-file.ts'
import type { StackFile } from '#local/stack-file.ts'
import { type DeletionSurvey, executeDeletion, planDeletion, surveyDeletion } from '#operations/deletion/delete.ts'
import { waitForPollerStatus } from '#operations/poller/status.ts'
import { UserError } from '#platform/process/user-error.ts'
import { utcText } from '#platform/process/utc-text.ts'
import { whoAmI } from '#platform/process/who.ts'
import { abortWhenStackStops } from './abort-when-stack-stops.ts'
import { dataDirectory, findRunningStack } from './directories.ts'
import { pollerStatus } from './poller-status.ts'
import { connectTo, type StackClients } from './stack-clients.ts'
import { stackNowMs } from './stack-now.ts'
import { stepProgress } from './step-progress.ts'

interface DeleteOptions {
  before: string
  dryRun?: boolean
  why: string
  yes?: boolean
  data?: string
  json?: boolean
}

const pollerPatienceMs = 30_000
const goneAfterMs = 10_000

export const deleteCommand = (): Command =>
  new Command('delete')
    .description('delete what a dataset has before a day, for good: nothing before it is stored again')
    .argument('<dataset>', datasetNames())
    .requiredOption('--before <day>', "first day that stays, YYYY-MM-DD, in the dataset's zone")
    .option('--dry-run', 'only say what there is to delete; writes nothing')
    .option('--why <text>', 'the reason, for the record', '')
    .option('--yes', 'do not ask')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print what was done as JSON')
    .addHelpText(
      'after',
      '\nOut of the store at once, honoured by replays, rebuilds and restores. In the topics Kafka can cut only the front of a\npartition: what remains is told. Can be interrupted and repeated. Exit code 1 when a known backup could not be told of it.',
    )
    .action(run)

async function run(name: string, options: DeleteOptions): Promise<void> {
  const stack = findRunningStack(options.data)
  findDataset(name)
  parseDay('--before', options.before)
  if (!options.dryRun && !options.yes && !process.stdin.isTTY)
    throw new UserError('Nobody can be asked without a terminal: say --dry-run to look, or --yes to delete.')
  await abortWhenStackStops(stack, goneAfterMs, async () => {
    const clients = connectTo(stack, 'delete')
    await deleteFrom(stack, clients, name, options).finally(() => clients.store.close())
  })
}

async function deleteFrom(stack: StackFile, clients: StackClients, name: string, options: DeleteOptions) {
  const { source, dataset } = findDataset(name)
  const waits = () => tell('the poller does not answer: waiting')
  const { now } = await waitForPollerStatus(() => pollerStatus(stack), pollerPatienceMs, waits)
  const plan = await planDeletion(clients.store, { dataset }, options.before, Date.parse(now))
  const { bound, firstDayKept: first, stored } = plan
  const summary = { dataset: name, before: first, beforeUtc: utcText(bound.before) }
  if (stored !== undefined && bound.before < stored) {
    const text = `${name} is deleted before ${utcText(stored)} already, which is later: nothing changes.`
    return print(options, { ...summary, deletedBefore: utcText(stored) }, [text])
  }
  const progress = stepProgress(process.stderr)
  const look = () => surveyDeletion(clients, source, bound, progress.show).finally(progress.stop)
  const found = await look()
  const title = `${name} before ${first} (${summary.beforeUtc})`
  if (options.dryRun) {
    return print(options, { ...summary, dryRun: true, ...found }, [
      `${title}, if it were deleted`,
      ...surveyLines(found),
    ])
  }
  if (!options.yes) await ask([title, ...surveyLines(found)])

  const deletion = { ...bound, at: await stackNowMs(stack), by: whoAmI(), why: options.why }
  let backups: ReturnType<typeof recordDeletionInBackups> = { noted: [], unreachable: [] }
  const done = await executeDeletion(clients, source, deletion, {
    stored: stored === bound.before,
    topics: found.topics,
    lookAgain: async () => (await look()).topics,
    onStored: () => {
      recordDeletion(deletionsFile(stack.dataDir), deletion)
      backups = recordDeletionInBackups(stack.dataDir, deletion)
    },
    tell,
  })
  const all = { rows: found.rows, ...done }
  const noted = backups.noted.map((path) => `noted in the backup ${path}`)
  print(options, { ...summary, dryRun: false, ...all, backups }, [
    `${title} is deleted`,
    ...surveyLines(all, 'done'),
    ...noted,
  ])
  for (const { path, reason } of backups.unreachable) {
    tell(
      `the backup in ${path} does not know of it (${reason}) and would bring the data back: make it reachable and repeat this, or destroy it and take it out of ${backupsFile(stack.dataDir)}`,
    )
    process.exitCode = 1
  }
}

function surveyLines({ rows, topics, keysWithoutPoints }: DeletionSurvey, as: 'plan' | 'done' = 'plan'): string[] {
  const done = as === 'done'
  const count = (n: number): string => n.toLocaleString('en')
  const concerned = topics.filter(({ cuttable, remaining }) => cuttable + remaining > 0)
  return [
    done ? 'Rows that were removed' : 'Rows',
    ...(rows.length === 0 ? ['  none'] : []),
    ...rows.map(({ year, ...tables }) => {
      const each = Object.entries(tables).filter(([, rows]) => rows > 0)
      return `  ${year}  ${each.map(([table, rows]) => `${table} ${count(rows)}`).join('  ')}`
    }),
    ...(keysWithoutPoints > 0 ? [`  series ${count(keysWithoutPoints)}: keys of which no point is left`] : []),
    'Records on topics',
    ...(concerned.length === 0 ? ['  none'] : []),
    ...concerned.flatMap(({ topic, partition, cuttable, remaining, keptMs }) => [
      `  ${topic} partition ${partition}: ${count(cuttable)} at the front ${done ? 'were cut' : 'can be cut'}`,
      ...(remaining > 0 ? [`    ${count(remaining)} behind records that are kept remain, ${untilWhen(keptMs)}`] : []),
    ]),
  ]
}

const dayMs = 24 * 60 * 60 * 1_000

function untilWhen(keptMs: number | null): string {
  if (keptMs === null) return 'for ever: until the retention is shortened or the records before them go'
  return `until ${Math.round(keptMs / dayMs)} days after each was written, or the records before them go`
}

async function ask(lines: string[]): Promise<void> {
  process.stderr.write(`${lines.join('\n')}\n`)
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question('Delete this for good? (yes/no) ').finally(() => terminal.close())
  if (answer.trim().toLowerCase() !== 'yes') throw new UserError('Nothing was deleted.')
}

function print(options: DeleteOptions, json: object, lines: string[]): void {
  process.stdout.write(options.json ? `${JSON.stringify(json)}\n` : `${lines.join('\n')}\n`)
}

const tell = (line: string): void => void process.stderr.write(`${line}\n`)
