import type { Refusal } from '../source.ts'
import { doubledKey, hasDoubledKeys } from './doubled-keys.ts'
import { quoted, refused } from './refusal.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** What a JSON body says, or why it cannot be believed: no UTF-8, no JSON, or an object with the same key twice. */
export function readJson(body: Uint8Array): { value: unknown } | Refusal {
  let value: unknown
  try {
    value = JSON.parse(utf8.decode(body))
  } catch (error) {
    const start = Buffer.from(body.subarray(0, 60)).toString('utf8')
    return refused('not-json', `the body is no JSON (${(error as Error).message}); it starts ${start}`)
  }
  if (hasDoubledKeys(body, value)) {
    return refused('schema', `an object of the answer has the key ${quoted(doubledKey(body))} twice`)
  }
  return { value }
}

// Node has it; the types do not yet.
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown }

/**
 * A value that readJson gave, as JSON: an answer of a part of what was read. A number that is beyond all numbers stays
 * one, so that it is refused again; JSON.stringify alone would make a null of it, which is taken.
 */
export function writeJson(value: unknown): Uint8Array {
  const numbersKept = (_name: string, inner: unknown): unknown =>
    inner === Infinity || inner === -Infinity ? rawJSON(inner < 0 ? '-1e999' : '1e999') : inner
  return new TextEncoder().encode(textOf(value, numbersKept))
}

/** A replacer does not go as deep as JSON.stringify does without one. */
function textOf(value: unknown, replacer: (name: string, inner: unknown) => unknown): string {
  try {
    return JSON.stringify(value, replacer)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return JSON.stringify(value)
  }
}
