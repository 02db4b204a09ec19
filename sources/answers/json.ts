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
