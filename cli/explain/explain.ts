import { writeFile } from 'node:fs/promises'
import { styleText } from 'node:util'
import { Presets, SingleBar } from 'cli-progress'
import { Command } from 'commander'
import { datasetNames, findDataset } from '#core/find-dataset.ts'
import { readStoreInstant } from '#core/instant.ts'
import type { StackFile } from '#local/stack-file.ts'
import { currentBody, type ExplainRequest, explainValue } from '#operations/explain/explain.ts'
import type { Explanation } from '#operations/explain/explanation.ts'
import { UserError } from '#platform/process/user-error.ts'
import { abortWhenStackStops } from '../abort-when-stack-stops.ts'
import { openReader, storeProblem } from '../ask-store.ts'
import { dataDirectory, dataOptionFor, findRunningStack } from '../directories.ts'
import { connectTo } from '../stack-clients.ts'
import { explanationText } from './explain-report.ts'

interface ExplainOptions {
  at?: string
  body?: boolean
  bodyTo?: string
  data?: string
  json?: boolean
}

/** Timeout after which explain gives up when the stack is gone, ms. A restart of the stack takes less. */
const goneAfterMs = 10_000
/** Number of raw records from which on progress is shown. Fewer records take less than two seconds. */
const manyRecords = 20

export const explain = (): Command =>
  new Command('explain')
    .description('where a value comes from: all answers that named it, and the raw record of each')
    .argument('<dataset>', datasetNames())
    .argument('<key>', 'as upstream spells it: border_AT_BE')
    .argument(
      '<time>',
      "of the value: as `query` prints it ('2026-10-25 00:00:00', UTC), or with its offset: 2026-10-25T02:00+02:00",
    )
    .option('--at <time>', 'as it was known then (default: now)')
    .option('--body', 'with the place of the value in each body; with --json also the bodies, in base64')
    .option('--body-to <file>', 'write the body of the answer that counts into a file, byte for byte; - is stdout')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      '\nA time inside a step means the value of that step. Exit code 1 when nothing is known of the value, or a raw\nrecord is not the one that the store names or does not match its hash; one that retention has deleted is no error.',
    )
    .action(run)

async function run(name: string, key: string, time: string, options: ExplainOptions): Promise<void> {
  const sourced = findDataset(name)
  const atMs = readStoreInstant(time, 'The time')
  const knownByMs = options.at === undefined ? undefined : readStoreInstant(options.at, '--at')
  const stack = findRunningStack(options.data)
  const withBody = Boolean(options.body) || options.bodyTo !== undefined
  const request = { ...sourced, key, atMs, knownByMs, withBody }
  const explanation = await abortWhenStackStops(stack, goneAfterMs, () => explainIn(stack, request))
  if (options.bodyTo !== undefined) await writeBody(explanation, options.bodyTo)
  // With `--body-to -`, only the bytes of the body go to stdout.
  const out = options.bodyTo === '-' ? process.stderr : process.stdout
  const mark = (text: string): string => styleText('inverse', text, { stream: out })
  out.write(
    options.json
      ? `${JSON.stringify(explanation)}\n`
      : explanationText(explanation, sourced.dataset.calendar.zone, mark),
  )
  if (
    explanation.answers.some(({ raw }) => raw.state === 'broken' || (raw.state === 'here' && raw.problems.length > 0))
  )
    process.exitCode = 1
}

async function explainIn(stack: StackFile, request: ExplainRequest): Promise<Explanation> {
  const clients = connectTo(stack, 'explain')
  const store = openReader(stack)
  try {
    return await explainValue({ ...clients, store }, request, progressOn(process.stderr))
  } catch (error) {
    throw awayProblem(stack, error as Error)
  } finally {
    await Promise.all([clients.store.close(), store.close()])
  }
}

function progressOn(stream: NodeJS.WriteStream): (done: number, total: number) => void {
  const bar = new SingleBar({ stream, format: ' {bar} {value}/{total} raw records' }, Presets.shades_classic)
  return (done, total) => {
    if (!stream.isTTY || total < manyRecords) return
    if (!bar.isActive) bar.start(total, done)
    bar.update(done)
    if (done === total) bar.stop()
  }
}

function awayProblem(stack: StackFile, error: Error): Error {
  if (error.name !== 'TransientError' && !error.name.startsWith('KafkaJS')) return storeProblem(stack, error)
  return new UserError(`${error.message}: \`npx tidemark status${dataOptionFor(stack)}\` shows what is away.`)
}

async function writeBody(explanation: Explanation, file: string): Promise<void> {
  const bytes = currentBody(explanation)
  if (file === '-') {
    process.stdout.write(bytes)
    return
  }
  await writeFile(file, bytes).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`${file} cannot be written (${error.code}): choose another file.`)
  })
}
