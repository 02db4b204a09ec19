import { fstatSync, statSync } from 'node:fs'
import { Readable } from 'node:stream'
import { Command } from 'commander'
import { readInstant } from '#core/instant.ts'
import type { StreamInput } from '#operations/ingest/content.ts'
import { type FileDataset, filesOf, findFileDataset, ingestable } from '#operations/ingest/files.ts'
import { type IngestJob, ingest as ingestFiles } from '#operations/ingest/ingest.ts'
import type { ReadProgress } from '#operations/ingest/send-file.ts'
import { printable } from '#platform/process/printable.ts'
import { slowNotice } from '#platform/process/slow-notice.ts'
import { UserError } from '#platform/process/user-error.ts'
import { abortWhenStackStops } from '../abort-when-stack-stops.ts'
import { rowsOf } from '../ask-store.ts'
import { dataDirectory, findRunningStack } from '../directories.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import { connectTo } from '../stack-clients.ts'
import { stepProgress } from '../step-progress.ts'
import { onStopSignals } from '../stop-signals.ts'
import { exitCodeOf, newsOf, summaryJson, summaryText } from './summary.ts'

interface IngestOptions {
  watch?: boolean
  at?: string
  data?: string
  json?: boolean
}

/** Timeout after which ingest gives up when the stack is gone, ms. A restart of the stack takes less. */
const goneAfterMs = 10_000

export const ingest = (): Command =>
  new Command('ingest')
    .description('read files into the store; what was sent of their content before is not sent again')
    .argument('<what>', `a source or dataset that is read from files: ${ingestable()}`)
    .argument(
      '<path>',
      'a file, a directory (its .jsonl, .ndjson, .json, also .gz and .zst, by name) or - for standard input',
    )
    .option('--at <instant>', 'what a file is a snapshot of (default: when it was modified)')
    .option('--watch', 'go on with what is added, until Ctrl-C')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print the summary as JSON')
    .addHelpText(
      'after',
      '\nA line of votes is one JSON object: {"Id":"1","PostId":"3","VoteTypeId":"2","CreationDate":"2010-07-19T00:00:00.000"};\nId and CreationDate must be there, UserId and BountyAmount may be.\nLines (JSONL) may be compressed with gzip or zstd. Bad lines become dead letters, the others go in. Returns when the\nrows can be queried. Exit code 1 when anything was refused or could not be read; interrupted or killed, the same\ncommand goes on where it was.',
    )
    .action(run)

async function run(what: string, path: string, options: IngestOptions): Promise<void> {
  const files = findFileDataset(what)
  const atMs = readAt(options.at, files)
  const follow = options.watch === true
  if (follow && path === '-') throw new UserError('Standard input is read to its end anyway: leave --watch out.')
  const progress = stepProgress(process.stderr)
  const paths = path === '-' ? () => [] : filesOf(path, files, follow, progress.say)
  const stack = findRunningStack(options.data)
  const { kafka, registry, store } = connectTo(stack, 'ingest')
  const stop = new AbortController()
  const read = { files, atMs, stop: stop.signal }
  const job: IngestJob = follow
    ? { ...read, inputs: paths, follow }
    : { ...read, inputs: path === '-' ? () => [standardInput()] : paths }
  const ask = <Row>(sql: string) => rowsOf<Row>(stack, sql)
  try {
    const summary = await oneAtATime(stack, `ingest-${files.dataset.name}`, () =>
      abortWhenStackStops(stack, goneAfterMs, () =>
        ingestFiles({ kafka, registry, ask }, job, {
          begins: () => {
            endAtSignals(follow, stop, progress.stop)
            if (follow) progress.say('following, until Ctrl-C')
          },
          progress: showerOf(paths(), progress),
          fileRead: (file) => {
            if (follow) progress.say(newsOf(file, files.reading.by))
          },
          say: progress.say,
        }),
      ),
    )
    progress.stop()
    process.stdout.write(`${options.json ? JSON.stringify(summaryJson(summary)) : summaryText(summary)}\n`)
    process.exitCode = exitCodeOf(summary)
  } finally {
    progress.stop()
    await store.close()
  }
}

function standardInput(): StreamInput {
  const name = 'standard input'
  // If standard input is a directory, Node reads an empty stream, which would look like an empty file.
  const isDirectory = fstatSync(0).isDirectory()
  const stream = isDirectory ? failing(new UserError(`${name} is a directory: name it instead of -.`)) : process.stdin
  return { name, url: 'stdin:', stream }
}

const failing = (why: UserError): Readable =>
  new Readable({
    read() {
      this.destroy(why)
    },
  })

function readAt(at: string | undefined, { dataset, reading }: FileDataset): number | undefined {
  if (at === undefined) return undefined
  if (reading.by === 'lines')
    throw new UserError(`--at is for files that are snapshots: lines of ${dataset.name} say their times.`)
  const ms = readInstant(at, '--at')
  if (ms % 1000 !== 0)
    throw new UserError(`--at ${printable(at)} has fractions of a second, which the store cannot hold.`)
  return ms
}

function showerOf(paths: string[], progress: ReturnType<typeof stepProgress>): (read: ReadProgress) => void {
  const total = paths.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0)
  const read = new Map<string, number>()
  const now = slowNotice(progress.say)
  return ({ name, size, bytesRead }) => {
    if (size === undefined) return now(`${megabytes(bytesRead)} MB read`)
    read.set(name, bytesRead)
    const done = [...read.values()].reduce((sum, bytes) => sum + bytes, 0)
    progress.show('MB read', megabytes(done), Math.max(megabytes(total), megabytes(done)))
  }
}

const megabytes = (bytes: number): number => Math.round(bytes / 1e6)

/** With --watch, the first signal ends the command with a summary. Without it, a signal ends the command at once. */
function endAtSignals(watch: boolean, stop: AbortController, quiet: () => void): void {
  const interrupted = async (): Promise<void> => {
    quiet()
    process.stderr.write('interrupted: the same command goes on where this one was\n')
    process.exit(130)
  }
  onStopSignals({ first: watch ? async () => stop.abort() : interrupted, second: interrupted })
}
