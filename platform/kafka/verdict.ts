// What a handler says of a message. Control flow is data here: one place (consume.ts) acts on it.
import type { Why } from './dead-letter.ts'

/** A record for another topic, already encoded. */
export interface Output {
  topic: string
  key: string
  value: Buffer
  headers?: Record<string, string | Buffer>
}

export type Verdict = { kind: 'ok'; outputs: Output[] } | ({ kind: 'dead' } & Why)

const nothing: Output[] = []

/** The message was dealt with; its outputs are to be sent. */
export const ok = (outputs: Output[] = nothing): Verdict => ({ kind: 'ok', outputs })

/** The message is refused: its bytes go to the dead letters with a reason code, one sentence, and what it was about. */
export const dead = (reason: string, message: string, dataset?: string): Verdict => ({
  kind: 'dead',
  reason,
  message,
  dataset,
})
