import { readFileSync } from 'node:fs'
import type { StackFile } from '#local/stack-file.ts'
import { createStore, type Store } from '#platform/clickhouse/client.ts'
import { errorKind } from '#platform/clickhouse/errors.ts'
import { UserError } from '#platform/process/user-error.ts'
import { dataOptionFor } from './directories.ts'

/**
 * Sends one statement to the stack's ClickHouse, in database tidemark, as the user that may only read. Gives the answer
 * with its body still to be read.
 * @throws UserError with ClickHouse's own message when it refuses the statement, or does not answer.
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
    throw noAnswer(stack, error.cause?.code ?? error.message)
  })
  if (answer.ok) return answer
  throw new UserError(`ClickHouse: ${(await answer.text()).trim() || `HTTP ${answer.status}`}`)
}

/** The rows of a statement as objects. */
export async function rowsOf<Row>(stack: StackFile, sql: string): Promise<Row[]> {
  const text = await (await askStore(stack, sql, 'JSONEachRow')).text()
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)
}

const noAnswer = (stack: StackFile, reason: string): UserError =>
  new UserError(
    `ClickHouse at ${stack.endpoints.clickhouse.url} does not answer (${reason}): \`npx tidemark status${dataOptionFor(stack)}\` shows its state.`,
  )

/** As long as commands wait that only read. */
const readTimeoutMs = 5 * 60_000

/** A client of the stack's ClickHouse as the user that may only read. Close it. */
export const openReader = (stack: StackFile): Store =>
  createStore({ url: stack.endpoints.clickhouse.url, ...readerOf(stack), requestTimeoutMs: readTimeoutMs })

/** As a sentence for the user what a client of the store throws when it is refused, or gets no answer; other errors as they are. */
export function storeProblem(stack: StackFile, error: Error & { code?: string; type?: string }): Error {
  const { code, type, message } = error
  // ClickHouse numbers its errors, and the operating system names them.
  if (/^\d+$/.test(code ?? '')) return new UserError(`ClickHouse: Code: ${code}. DB::Exception: ${message} (${type})`)
  const isOfNetwork = code !== undefined || message === 'Timeout error.'
  return isOfNetwork && errorKind(error) === 'retry' ? noAnswer(stack, code ?? message) : error
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
