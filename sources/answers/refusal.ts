import type { Refusal, RefusalReason } from '../source.ts'

/** Makes a refusal. The message may quote upstream and is shown on terminals, so control characters become `�`. */
export const refused = (reason: RefusalReason, message: string): Refusal => ({
  reason,
  message: message.replace(/\p{Cc}/gu, '\ufffd'),
})

const maxNamesChars = 300

/** Returns the refusal `<what> <names> instead of <wanted>`. A `what`: 'the rows have the columns'. */
export function refuseUnexpectedNames(what: string, names: Iterable<string>, wanted: string): Refusal {
  const all = [...new Set(names)]
  const text = all.join(', ') || '(none)'
  const shown = text.length > maxNamesChars ? `${text.slice(0, maxNamesChars)}… (${all.length} in all)` : text
  return refused('schema', `${what} ${shown} instead of ${wanted}`)
}

/** Returns the refusal if its reason is `upstream-rejected`. @throws Error `reason: message` for any other refusal */
export function rejectionOf(refusal: Refusal): Refusal {
  if (refusal.reason === 'upstream-rejected') return refusal
  throw new Error(`${refusal.reason}: ${refusal.message}`)
}

export const isRefusal = (value: object): value is Refusal => 'reason' in value

export const quoteJson = (value: unknown, most = 80): string => (JSON.stringify(value) ?? 'undefined').slice(0, most)
