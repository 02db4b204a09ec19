import { readFileSync } from 'node:fs'
import type { StackFile } from '#local/stack-file.ts'
import { Problem } from '#platform/process/problem.ts'
import { dataOptionFor } from './directories.ts'

/**
 * Sends one statement to the stack's ClickHouse, in database tidemark, as the user that may only read. Gives the answer
 * with its body still to be read.
 * @throws Problem with ClickHouse's own message when it refuses the statement, or does not answer.
 */
export async function askStore(stack: StackFile, sql: string, format: string): Promise<Response> {
  const { url } = stack.endpoints.clickhouse
  const { user, password } = readerOf(stack)
  const address = new URL(url)
  address.searchParams.set('database', 'tidemark')
  address.searchParams.set('default_format', format)
  const answer = await fetch(address, {
    method: 'POST',
    headers: { 'x-clickhouse-user': user, 'x-clickhouse-key': password },
    body: sql,
  }).catch((error: Error & { cause?: NodeJS.ErrnoException }) => {
    const reason = error.cause?.code ?? error.message
    throw new Problem(
      `ClickHouse at ${url} does not answer (${reason}): \`npx tidemark status${dataOptionFor(stack)}\` shows its state.`,
    )
  })
  if (answer.ok) return answer
  throw new Problem(`ClickHouse: ${(await answer.text()).trim() || `HTTP ${answer.status}`}`)
}

/** The rows of a statement as objects. */
export async function rowsOf<Row>(stack: StackFile, sql: string): Promise<Row[]> {
  const text = await (await askStore(stack, sql, 'JSONEachRow')).text()
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)
}

/** The embedded store's reading user; of a store elsewhere, the user that the environment gives. */
function readerOf({ endpoints: { clickhouse } }: StackFile): { user: string; password: string } {
  if (clickhouse.passwordFile === undefined)
    return { user: clickhouse.user, password: process.env.CLICKHOUSE_PASSWORD ?? '' }
  const { reader } = JSON.parse(readFileSync(clickhouse.passwordFile, 'utf8')) as {
    reader: { user: string; password: string }
  }
  return reader
}
