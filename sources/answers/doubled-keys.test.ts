import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hasDoubledKeys } from './doubled-keys.ts'

const doubled = (text: string) => hasDoubledKeys(Buffer.from(text), JSON.parse(text))

test('a key twice in one object is seen, however it is spelled and however deep', () => {
  for (const text of ['{"a":1,"a":1}', '[{"b":[{"a":1,"\\u0061":2}]}]', '{"__proto__":1,"__proto__":2}']) {
    expect(doubled(text), text).toBe(true)
  }
})

test('any JSON without one is taken for what it is, whatever stands in its texts', () => {
  for (const text of ['{"a":{"a":1},"b":[{"a":":\\":\\\\"}]}', '{"__proto__":1}', '":"', '{"é:":"\\\\"}']) {
    expect(doubled(text), text).toBe(false)
  }
  fc.assert(fc.property(fc.jsonValue(), (value) => !doubled(JSON.stringify(value))))
})
