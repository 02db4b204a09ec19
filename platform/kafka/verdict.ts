// What a handler says of a message. Control flow is data here: one place (consume.ts) acts on it.
import type { RefusalCause } from './dead-letter.ts'

/** A record for another topic, already encoded. */
export interface Output {
  topic: string
  key: string
  value: Buffer
  headers?: Record<string, string | Buffer>
  /** Sent when all other outputs of the batch are acknowledged: it says something of them. */
  isLast?: boolean
}

/** A part of a message that was refused alone: encoded as a message of the same topic that holds nothing else. */
export interface DeadPart extends RefusalCause {
  value: Buffer
}

export interface Ok {
  kind: 'ok'
  outputs: Output[]
  deadParts?: DeadPart[]
  /** Called when Kafka has acknowledged all that the batch asked to be sent: only then it may be remembered as said. */
  acknowledged?: () => void
}

export type Verdict = Ok | ({ kind: 'dead' } & RefusalCause)

const nothing: Output[] = []

/** The message was dealt with; its outputs are to be sent, and what of it was refused is to go to the dead letters. */
export const ok = (outputs: Output[] = nothing, deadParts?: DeadPart[], acknowledged?: () => void): Verdict => ({
  kind: 'ok',
  outputs,
  ...(deadParts && deadParts.length > 0 && { deadParts }),
  ...(acknowledged && { acknowledged }),
})

/** The message is refused: its bytes go to the dead letters with a reason code, one sentence, and what it was about. */
export const dead = (reason: string, message: string, dataset?: string): Verdict => ({
  kind: 'dead',
  reason,
  message,
  dataset,
})
