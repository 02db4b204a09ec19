import type { Span } from '../tracing/trace-context.ts'
import type { RefusalCause } from './dead-letter.ts'

export interface Output {
  topic: string
  key: string
  /** null: a tombstone, which removes the key from a compacted topic. */
  value: Buffer | null
  headers?: Record<string, string | Buffer>
  /** True: the record is sent after all other outputs of the batch are acknowledged. */
  isLast?: boolean
}

export interface DeadPart extends RefusalCause {
  value: Buffer
}

export interface Ok {
  kind: 'ok'
  outputs: Output[]
  deadParts?: DeadPart[]
  /** Called after Kafka has acknowledged all records of the batch. */
  onAcknowledged?: () => void
  /** Ends after Kafka has acknowledged all records of the batch, or with the reason why it did not. */
  sending?: Span
}

/** The result for one message: `ok` with the records to send, or `dead`, which makes it a dead letter. */
export type Verdict = Ok | ({ kind: 'dead' } & RefusalCause)

const nothing: Output[] = []

export const ok = (
  outputs: Output[] = nothing,
  deadParts?: DeadPart[],
  after: Pick<Ok, 'onAcknowledged' | 'sending'> = {},
): Verdict => ({
  kind: 'ok',
  outputs,
  ...(deadParts && deadParts.length > 0 && { deadParts }),
  ...after,
})

/**
 * Returns the verdicts of a batch that is done as a whole: all are ok, and the last one has the records to send.
 * @param onAcknowledged called after Kafka has acknowledged them
 */
export function okAfter(records: number, outputs: readonly Output[], onAcknowledged: () => void): Verdict[] {
  const verdicts = Array.from({ length: records }, () => ok())
  verdicts[records - 1] = ok([...outputs], [], { onAcknowledged })
  return verdicts
}

/** Returns the verdicts of a batch that is done as a whole and sends all that waits. What Kafka has acknowledged waits no more. */
export function okSending(records: number, waiting: Output[]): Verdict[] {
  const outputs = [...waiting]
  return okAfter(records, outputs, () => dropSent(waiting, outputs))
}

/** Takes out what was sent. Others may send at the same time, and add. */
export function dropSent(waiting: Output[], sent: readonly Output[]): void {
  const isSent = new Set(sent)
  waiting.splice(0, waiting.length, ...waiting.filter((output) => !isSent.has(output)))
}

export const dead = (reason: string, message: string, dataset?: string): Verdict => ({
  kind: 'dead',
  reason,
  message,
  dataset,
})
