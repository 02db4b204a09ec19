import fc from 'fast-check'
import { expect, test } from 'vitest'
import { doubledKey, hasDoubledKeys } from './doubled-keys.ts'

const doubled = (text: string) => hasDoubledKeys(Buffer.from(text), JSON.parse(text))

test('a key twice in one object is seen, however it is spelled and however deep', () => {
  for (const [text, key] of [
    ['{"a":1,"a":1}', 'a'],
    ['[{"b":[{"a":1,"\\u0061":2}]}]', 'a'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
    ['{"b":{"a":1},"c":["a","a",{"a":{}}],"" : 1 ,\n"" :2}', ''],
    ['{"a":"\\"b\\":","\\"":{"b\\\\":[],"b\\\\":[]}}', 'b\\'],
  ] as const) {
    expect([doubled(text), doubledKey(Buffer.from(text))], text).toEqual([true, key])
  }
})

test('JSON without repeated keys is accepted, whatever its strings contain', () => {
  for (const text of ['{"a":{"a":1},"b":[{"a":":\\":\\\\"}]}', '{"__proto__":1}', '":"', '{"é:":"\\\\"}']) {
    expect([doubled(text), doubledKey(Buffer.from(text))], text).toEqual([false, undefined])
  }
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value, null, 1)
      expect([doubled(text), doubledKey(Buffer.from(text))]).toEqual([false, undefined])
    }),
  )
})
