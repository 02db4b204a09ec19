import { readFileSync } from 'node:fs'
import type { StackFile } from '#local/stack-file.ts'
import { createStore, type Store } from '#platform/clickhouse/client.ts'
import { errorKind } from '#platform/clickhouse/errors.ts'
import { UserError } from '#platform/process/user-error.ts'
import { dataOptionFor } from './directories.ts'

/** Runs a statement in database tidemark as the read-only user. @throws UserError if it fails or gets no response */
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

const readTimeoutMs = 5 * 60_000

export const openReader = (stack: StackFile): Store =>
  createStore({ url: stack.endpoints.clickhouse.url, ...readerOf(stack), requestTimeoutMs: readTimeoutMs })

/** Converts the store's error, or the error of a missing response, into a UserError. Returns other errors unchanged. */
export function storeProblem(stack: StackFile, error: Error & { code?: string; type?: string }): Error {
  const { code, type, message } = error
  // ClickHouse's error codes are numbers, and the operating system's error codes are names.
  if (/^\d+$/.test(code ?? '')) return new UserError(`ClickHouse: Code: ${code}. DB::Exception: ${message} (${type})`)
  const isOfNetwork = code !== undefined || message === 'Timeout error.'
  return isOfNetwork && errorKind(error) === 'retry' ? noAnswer(stack, code ?? message) : error
}

/** Returns the reader of the stack's own ClickHouse; for an external ClickHouse, the user that the stack file names. */
function readerOf({ endpoints: { clickhouse } }: StackFile): { user: string; password: string } {
  if (clickhouse.passwordFile === undefined)
    return { user: clickhouse.user, password: process.env.CLICKHOUSE_PASSWORD ?? '' }
  const { reader } = JSON.parse(readFileSync(clickhouse.passwordFile, 'utf8')) as {
    reader: { user: string; password: string }
  }
  return reader
}
