// The id of a live event: up to where a client has read every partition, and which changes it has.
import { createHash } from 'node:crypto'
import { UserError } from '#platform/process/user-error.ts'

export interface Partition {
  topic: string
  partition: number
}

export interface Cursor {
  /** The next offset of each partition of the feed, in its order. */
  offsets: readonly number[]
  /** The last change: when it became known, ms UTC, and its number among the changes of that instant. */
  change: ChangePlace
}

export interface ChangePlace {
  knownAtMs: number
  index: number
}

/** Writes a cursor as text. Its first part names the partitions, because a later release may have others. */
export function cursorText(partitions: readonly Partition[], { offsets, change }: Cursor): string {
  const numbers = [...offsets, change.knownAtMs, change.index].map((number) => number.toString(36))
  return [markOf(partitions), ...numbers].join('.')
}

/** @throws UserError if the text is not a cursor of a feed with these partitions */
export function parseCursor(partitions: readonly Partition[], text: string): Cursor {
  const [mark, ...parts] = text.split('.')
  const numbers = parts.map((part) => (/^[0-9a-z]{1,11}$/.test(part) ? Number.parseInt(part, 36) : Number.NaN))
  const isWhole = numbers.length === partitions.length + 2 && numbers.every(Number.isSafeInteger)
  if (mark !== markOf(partitions) || !isWhole) {
    throw new UserError(
      'Last-Event-ID is not an id of this stream: leave it out, and ask for what was missed by `changes`.',
    )
  }
  const [knownAtMs = 0, index = 0] = numbers.slice(-2)
  return { offsets: numbers.slice(0, -2), change: { knownAtMs, index } }
}

const markOf = (partitions: readonly Partition[]): string =>
  createHash('sha256').update(JSON.stringify(partitions)).digest('hex').slice(0, 8)
