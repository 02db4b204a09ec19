// Lists in pages. A cursor names the last row of a page, so that rows which appear meanwhile move none to another page.
import { createHash } from 'node:crypto'
import { readRows, type Store } from '#platform/clickhouse/client.ts'
import type { Question } from '#platform/clickhouse/stream-rows.ts'
import { UserError } from '#platform/process/user-error.ts'

/** A question whose rows have an order. Together, the columns identify a row. */
export interface ListQuestion extends Question {
  order: readonly { column: string; type: string }[]
  isDescending: boolean
}

export interface Page {
  question: Question
  /** Cursor of the next page. null: this is the last page. */
  next: string | null
}

/**
 * Finds the page that follows a cursor. A page has `limit` rows, or a few more if rows appear meanwhile.
 * @throws UserError if the cursor is not one of this list
 */
export async function pageOf(
  store: Store,
  list: ListQuestion,
  limit: number,
  cursor: string | undefined,
  signal?: AbortSignal,
): Promise<Page> {
  const after = cursor === undefined ? undefined : parseCursor(cursor, list)
  const [last] = await readRows<{ cursor: string[] }>(
    store,
    `SELECT [${list.order.map(({ column }) => `toString(${column})`).join(', ')}] AS cursor
      FROM (${list.sql}) ${where(list, after, undefined)} ${orderBy(list)} LIMIT 1 OFFSET ${limit - 1}`,
    { ...list.parameters, ...parametersOf(after, undefined) },
    signal,
  )
  return {
    question: {
      sql: `SELECT * FROM (${list.sql}) ${where(list, after, last?.cursor)} ${orderBy(list)}`,
      parameters: { ...list.parameters, ...parametersOf(after, last?.cursor) },
      ...(list.nested && { nested: list.nested }),
    },
    next: last === undefined ? null : Buffer.from(JSON.stringify([markOf(list), ...last.cursor])).toString('base64url'),
  }
}

function where(list: ListQuestion, after: string[] | undefined, upTo: string[] | undefined): string {
  const columns = `(${list.order.map(({ column }) => column).join(', ')})`
  const bound = (name: string) => `(${list.order.map(({ type }, index) => `{${name}${index}:${type}}`).join(', ')})`
  const conditions = [
    ...(after ? [`${columns} ${list.isDescending ? '<' : '>'} ${bound('after')}`] : []),
    ...(upTo ? [`${columns} ${list.isDescending ? '>=' : '<='} ${bound('upto')}`] : []),
  ]
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
}

function orderBy({ order, isDescending }: ListQuestion): string {
  return `ORDER BY ${order.map(({ column }) => `${column}${isDescending ? ' DESC' : ''}`).join(', ')}`
}

function parametersOf(after: string[] | undefined, upTo: string[] | undefined): Record<string, string> {
  const named = (name: string, values: string[] = []) => values.map((value, index) => [`${name}${index}`, value])
  return Object.fromEntries([...named('after', after), ...named('upto', upTo)])
}

function parseCursor(cursor: string, list: ListQuestion): string[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(parts) && parts.every((part) => typeof part === 'string')) {
      const [mark, ...values] = parts
      if (mark === markOf(list) && values.length === list.order.length) return values
    }
  } catch {
    // The error is thrown below.
  }
  throw new UserError(
    'The cursor is not one of this list with these filters: take it from `next` of the page before, or leave it out.',
  )
}

/** Names a list and its filters, so that the cursor of another list is refused. */
const markOf = ({ sql }: ListQuestion): string => createHash('sha256').update(sql).digest('hex').slice(0, 8)
