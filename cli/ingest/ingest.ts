import { readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Command } from 'commander'
import { patience } from '#platform/process/patience.ts'
import { printable } from '#platform/process/printable.ts'
import { Problem } from '#platform/process/problem.ts'
import type { FileReading } from '#sources/source.ts'
import { dataDirectory, findRunningStack } from '../directories.ts'
import { readInstant } from '../instant.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import { connectTo } from '../stack-clients.ts'
import { whileStackRuns } from '../stack-gone.ts'
import { stepProgress } from '../step-progress.ts'
import { onStopSignals } from '../stop-signals.ts'
import { type Content, isReadable, whyNotRegular } from './content.ts'
import { type FileDataset, findFileDataset, ingestable } from './file-dataset.ts'
import { openSession, type Session } from './session.ts'
import { exitCodeOf, type Summary, summaryJson, summaryText } from './summary.ts'
import { watchFiles } from './watch.ts'

interface IngestOptions {
  watch?: boolean
  at?: string
  data?: string
  json?: boolean
}

/** Names in a sentence. */
const mostNamed = 5
/** A stack that is stopped and started at once is away for less. */
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
  if (options.watch && path === '-') throw new Problem('Standard input is read to its end anyway: leave --watch out.')
  const progress = stepProgress(process.stderr)
  const list = listerOf(path, files, progress.say)
  if (!options.watch && list().length === 0)
    throw new Problem(`There is no file to read in ${printable(path)}: read are ${wanted(files.reading)}.`)
  const stack = findRunningStack(options.data)
  const clients = connectTo(stack, 'ingest')
  const stop = new AbortController()
  try {
    const summary = await oneAtATime(stack, `ingest-${files.dataset.name}`, () =>
      whileStackRuns(stack, goneAfterMs, async () => {
        const session = await openSession(stack, clients, files, {
          atMs,
          ...{ show: showerOf(list(), progress), say: progress.say, stopped: () => stop.signal.aborted },
        })
        endAtSignals(options.watch === true, stop, progress.stop)
        try {
          return await readAll(session, list, options.watch === true, progress.say, stop.signal)
        } finally {
          await session.close()
        }
      }),
    )
    progress.stop()
    process.stdout.write(`${options.json ? JSON.stringify(summaryJson(summary)) : summaryText(summary)}\n`)
    process.exitCode = exitCodeOf(summary)
  } finally {
    progress.stop()
    await clients.store.close()
  }
}

async function readAll(
  session: Session,
  list: () => string[],
  watch: boolean,
  say: (text: string) => void,
  stop: AbortSignal,
): Promise<Summary> {
  if (watch) {
    say('following, until Ctrl-C')
    await watchFiles(list, session, say, stop)
  } else for (const each of list()) await session.read(each)
  return session.finish()
}

function readAt(at: string | undefined, { dataset, reading }: FileDataset): number | undefined {
  if (at === undefined) return undefined
  if (reading.by === 'lines')
    throw new Problem(`--at is for files that are snapshots: lines of ${dataset.name} say their times.`)
  const ms = readInstant(at, '--at')
  if (ms % 1000 !== 0)
    throw new Problem(`--at ${printable(at)} has fractions of a second, which the store cannot hold.`)
  return ms
}

/** The files that a path means, each time it is asked; `say` hears once what else a directory holds. @throws Problem in one sentence when it means none */
function listerOf(path: string, { reading }: FileDataset, say: (text: string) => void): () => string[] {
  if (path === '-') return () => ['-']
  const stats = statOrProblem(path)
  if (stats === undefined) throw new Problem(`There is no file or directory ${printable(path)}.`)
  if (stats.isFile()) return () => [path]
  if (!stats.isDirectory()) throw new Problem(`${printable(path)} ${whyNotRegular(stats)}`)
  const passedOver = new Set<string>()
  return () => {
    const entries = namesIn(path).map((name) => ({ name, why: whyPassedOver(join(path, name), reading) }))
    const others = entries.filter(
      ({ name, why }) => why !== undefined && !name.startsWith('.') && !passedOver.has(name),
    )
    for (const { name } of others) passedOver.add(name)
    if (others.length > 0) say(`not read in ${printable(path)}: ${listed(others.map(({ why = '' }) => why))}`)
    return entries.flatMap(({ name, why }) => (why === undefined ? [join(path, name)] : []))
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort()
  } catch (error) {
    throw new Problem(`${printable(directory)} cannot be read: ${(error as NodeJS.ErrnoException).code}.`)
  }
}

const listed = (names: string[]): string =>
  `${names.slice(0, mostNamed).join(', ')}${names.length > mostNamed ? ` and ${names.length - mostNamed} more` : ''}`

const wanted = ({ by }: FileReading): string =>
  by === 'lines' ? 'files named .jsonl, .ndjson or .json, also .gz or .zst' : 'files named .json, also .gz or .zst'

function statOrProblem(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    throw new Problem(`${printable(path)} cannot be read: ${(error as NodeJS.ErrnoException).code}.`)
  }
}

/**
 * How a directory's entry is called that is not meant by the directory, with the reason where its name does not say it;
 * undefined for a file that is read. A link that leads nowhere hinders no other file.
 */
function whyPassedOver(path: string, { by }: FileReading): string | undefined {
  const name = printable(basename(path))
  if (!isReadable(path, by)) return name
  try {
    return statSync(path).isFile() ? undefined : `${name} (no regular file)`
  } catch (error) {
    return `${name} (${(error as NodeJS.ErrnoException).code})`
  }
}

/** Shows how much of all files was read; of standard input, whose length nobody knows, now and then. */
function showerOf(paths: string[], progress: ReturnType<typeof stepProgress>): (content: Content) => void {
  const total = paths.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0)
  const read = new Map<string, number>()
  const now = patience(progress.say)
  return ({ name, size, bytesRead }) => {
    if (size === undefined) return now(`${megabytes(bytesRead())} MB read`)
    read.set(name, bytesRead())
    const done = [...read.values()].reduce((sum, bytes) => sum + bytes, 0)
    progress.show('MB read', megabytes(done), Math.max(megabytes(total), megabytes(done)))
  }
}

const megabytes = (bytes: number): number => Math.round(bytes / 1e6)

/** Following ends at the first signal, with its summary; else what was sent stays, and the next time goes on behind it. */
function endAtSignals(watch: boolean, stop: AbortController, quiet: () => void): void {
  const interrupted = async (): Promise<void> => {
    quiet()
    process.stderr.write('interrupted: the same command goes on where this one was\n')
    process.exit(130)
  }
  onStopSignals({ first: watch ? async () => stop.abort() : interrupted, second: interrupted })
}
