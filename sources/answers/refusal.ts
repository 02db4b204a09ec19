import type { Refusal, RefusalReason } from '../source.ts'

/** A refusal. Its message may quote upstream: people read it on terminals, so each control character becomes a `�`. */
export const refused = (reason: RefusalReason, message: string): Refusal => ({
  reason,
  message: message.replace(/\p{Cc}/gu, '\ufffd'),
})

export const isRefusal = (value: object): value is Refusal => 'reason' in value

/** What upstream sent in place of something else, as JSON of at most `most` characters. */
export const quoted = (value: unknown, most = 80): string => (JSON.stringify(value) ?? 'undefined').slice(0, most)
