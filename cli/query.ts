import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { Command } from 'commander'
import { cutException } from '#platform/clickhouse/exception-block.ts'
import { UserError } from '#platform/process/user-error.ts'
import { askStore } from './ask-store.ts'
import { dataDirectory, findRunningStack } from './directories.ts'

interface QueryOptions {
  data?: string
  format?: string
  json?: boolean
}

export const query = (): Command =>
  new Command('query')
    .description('run a statement in ClickHouse and print its rows, nothing else')
    .argument('<sql>', 'in database tidemark, read-only; times are UTC; - reads it from standard input')
    .option('--format <format>', 'a ClickHouse format (default: a table on a terminal, TabSeparated elsewhere)')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'the same as --format JSONEachRow: one object a line')
    .action(run)

async function run(sql: string, options: QueryOptions): Promise<void> {
  const stack = findRunningStack(options.data)
  const fallback = options.json ? 'JSONEachRow' : process.stdout.isTTY ? 'PrettyCompactMonoBlock' : 'TabSeparated'
  const statement = sql === '-' ? await text(process.stdin) : sql
  await printRows(await askStore(stack, statement, options.format ?? fallback), process.stdout, process.stderr)
}

/**
 * Copies the rows of a response to `out`. If there are no rows and `out` is a terminal, writes a note to `notes`.
 * @throws UserError if the statement fails after the first rows
 */
export async function printRows(
  answer: Response,
  out: NodeJS.WritableStream & { isTTY?: boolean },
  notes: NodeJS.WritableStream,
): Promise<void> {
  let bytes = 0
  const count = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      bytes += chunk.length
      yield chunk
    }
  }
  const { rows, message } = cutException(answer.headers.get('x-clickhouse-exception-tag'))
  const body = answer.body ?? new Blob([]).stream()
  try {
    await pipeline(Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]), rows, count, out, { end: false })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
  if (message() !== undefined) throw new UserError(`ClickHouse stopped half-way: ${message()}`)
  if (bytes === 0 && out.isTTY) notes.write('no rows\n')
}
