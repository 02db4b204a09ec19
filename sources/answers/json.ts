import type { Refusal } from '../source.ts'
import { doubledKey, hasDoubledKeys } from './doubled-keys.ts'
import { quoteJson, refused } from './refusal.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Parses a JSON body. Refuses invalid UTF-8, invalid JSON, and an object with the same key twice. */
export function readJson(body: Uint8Array): { value: unknown } | Refusal {
  let value: unknown
  try {
    value = JSON.parse(utf8.decode(body))
  } catch (error) {
    const start = Buffer.from(body.subarray(0, 60)).toString('utf8')
    return refused('not-json', `the body is no JSON (${(error as Error).message}); it starts ${start}`)
  }
  if (hasDoubledKeys(body, value)) {
    return refused('schema', `an object of the answer has the key ${quoteJson(doubledKey(body))} twice`)
  }
  return { value }
}

// A typed JSON.rawJSON, which TypeScript does not declare yet.
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown }

/** Writes a value from readJson. Infinity is written as 1e999, because readJson reads 1e999 as Infinity. */
export function writeJson(value: unknown): Uint8Array {
  const numbersKept = (_name: string, inner: unknown): unknown =>
    inner === Infinity || inner === -Infinity ? rawJSON(inner < 0 ? '-1e999' : '1e999') : inner
  return new TextEncoder().encode(textOf(value, numbersKept))
}

/** Writes a value, without the replacer if the value is so deeply nested that the replacer overflows the stack. */
function textOf(value: unknown, replacer: (name: string, inner: unknown) => unknown): string {
  try {
    return JSON.stringify(value, replacer)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return JSON.stringify(value)
  }
}
