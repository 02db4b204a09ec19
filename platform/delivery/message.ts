import { printable } from '../process/printable.ts'

/** What an endpoint is told, once. The message of a transition is the same at every attempt and at every endpoint. */
export interface AlertMessage {
  /** Letters, digits, `-` and `_`, 128 at most. A receiver that gets an id twice may ignore the second. */
  id: string
  /** When it was composed, ms UTC. */
  atMs: number
  /** Full-stop delimited, such as `alert.fired`. */
  type: string
  /** What programs read: JSON. */
  data: Record<string, unknown>
  subject: string
  /** What people read: plain text. Lines end with \n. */
  text: string
  /** A resolve names the id of the message of its firing. */
  references?: string
}

/**
 * What became of an attempt. `failed`: try again, after `afterMs` at the earliest. `gone`: the endpoint ends and is not
 * tried again. A reason is one line without control characters.
 */
export type DeliveryResult =
  | { kind: 'delivered'; status: number }
  | { kind: 'failed'; reason: string; afterMs?: number }
  | { kind: 'gone'; reason: string }

/** An attempt at an endpoint that takes longer is a failure. */
export const deliveryTimeoutMs = 20_000

/** Returns the id. It stands in headers, and in what is signed. @throws RangeError */
export function checkedMessageId(id: string): string {
  if (/^[A-Za-z0-9_-]{1,128}$/.test(id)) return id
  throw new RangeError(
    `${JSON.stringify(id)} is not the id of a message: 1 to 128 letters, digits, hyphens, underscores`,
  )
}

const maxWordsChars = 300

/** Returns what a receiver said, in one line: 300 printable characters at the most. */
export function wordsOf(said: string): string {
  const line = printable(said.trim().replace(/\s+/g, ' '))
  return Array.from(line).slice(0, maxWordsChars).join('')
}
