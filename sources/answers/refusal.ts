import type { Refusal, RefusalReason } from '../source.ts'

/** A refusal. Its message may quote upstream: people read it on terminals, so each control character becomes a `�`. */
export const refused = (reason: RefusalReason, message: string): Refusal => ({
  reason,
  message: message.replace(/\p{Cc}/gu, '\ufffd'),
})

const maxNamesChars = 300

/**
 * Refuses an answer that has other names than those that are read, so that nothing of it could be stored: says which it
 * has, and which were wanted.
 *
 * @param what what has them: 'the rows have the columns'
 */
export function otherNames(what: string, names: Iterable<string>, wanted: string): Refusal {
  const all = [...new Set(names)]
  const text = all.join(', ') || '(none)'
  const shown = text.length > maxNamesChars ? `${text.slice(0, maxNamesChars)}… (${all.length} in all)` : text
  return refused('schema', `${what} ${shown} instead of ${wanted}`)
}

/**
 * What assess() makes of a refusal: upstream's own no is what it returns.
 *
 * @throws what cannot be read, as `reason: message`
 */
export function rejectionOf(refusal: Refusal): Refusal {
  if (refusal.reason === 'upstream-rejected') return refusal
  throw new Error(`${refusal.reason}: ${refusal.message}`)
}

export const isRefusal = (value: object): value is Refusal => 'reason' in value

/** What upstream sent in place of something else, as JSON of at most `most` characters. */
export const quoted = (value: unknown, most = 80): string => (JSON.stringify(value) ?? 'undefined').slice(0, most)
