import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Command } from 'commander'
import { Problem } from '#infra/local/problem.ts'
import { askStore } from './ask-store.ts'
import { findRunningStack } from './directories.ts'
import { cutException } from './late-exception.ts'

interface QueryOptions {
  data?: string
  format?: string
  json?: boolean
}

export const query = (): Command =>
  new Command('query')
    .description('run a statement in ClickHouse and print its rows, nothing else')
    .argument('<sql>', 'in database tidemark, read-only; times are UTC')
    .option('--format <format>', 'a ClickHouse format (default: a table on a terminal, TabSeparated elsewhere)')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)')
    .option('--json', 'the same as --format JSONEachRow: one object a line')
    .action(run)

async function run(sql: string, options: QueryOptions): Promise<void> {
  const stack = findRunningStack(options.data)
  const fallback = options.json ? 'JSONEachRow' : process.stdout.isTTY ? 'PrettyCompactMonoBlock' : 'TabSeparated'
  const answer = await askStore(stack, sql, options.format ?? fallback)
  if (answer.body === null) return
  const body = Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0])
  const { rows, message } = cutException(answer.headers.get('x-clickhouse-exception-tag'))
  try {
    await pipeline(body, rows, process.stdout, { end: false })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
  if (message() !== undefined) throw new Problem(`ClickHouse stopped half-way: ${message()}`)
}
