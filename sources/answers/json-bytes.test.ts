import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { editText, elementsAt, membersAt, type Place, startOf, textAt, writeList } from './json-bytes.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const textsOf = (text: string, places: Iterable<Place>) => [...places].map((place) => textAt(bytes(text), place))
const elementsOf = (text: string) => textsOf(text, elementsAt(bytes(text), startOf(bytes(text))))
const membersOf = (text: string) =>
  [...membersAt(bytes(text), startOf(bytes(text)))].map(([key, place]) => [key, textAt(bytes(text), place)])

describe('values are found as they were written', () => {
  test('numbers keep their decimals, values their blanks', () => {
    expect(elementsOf(' [ 4346.0000000000 ,{ "a" : 1e3 },\n\t"x" , [1, 2],null]\n')).toEqual([
      '4346.0000000000',
      '{ "a" : 1e3 }',
      '"x"',
      '[1, 2]',
      'null',
    ])
    expect([elementsOf('[]'), elementsOf('[ \n ]'), elementsOf('[[]]'), elementsOf('[{}]')]).toEqual([
      [],
      [],
      ['[]'],
      ['{}'],
    ])
  })

  test('keys are found by what they say, also with escapes; brackets in texts are no brackets', () => {
    const text = String.raw`{"d\u0061ta":[{"x":"]}\"[{,:\\"},"\\"] , "a\"b" : {"data":[7]},"é":-0.50}`
    expect(membersOf(text)).toEqual([
      ['data', String.raw`[{"x":"]}\"[{,:\\"},"\\"]`],
      ['a"b', '{"data":[7]}'],
      ['é', '-0.50'],
    ])
    expect(membersOf('{}')).toEqual([])
  })

  test('a byte order mark before the text does not matter', () => {
    expect(elementsOf('\ufeff[1]')).toEqual(['1'])
  })

  test('in any JSON', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.nat(4),
        (list, object, by) => {
          const spaced = (value: unknown) => JSON.stringify(value, null, by)
          expect(elementsOf(spaced(list)).map((text) => JSON.parse(text))).toEqual(JSON.parse(JSON.stringify(list)))
          const found = membersOf(spaced(object)).map(([key, text]) => [key, JSON.parse(text as string)])
          expect(found).toEqual(Object.entries(JSON.parse(JSON.stringify(object))))
        },
      ),
    )
  })
})

test('deep nesting does not overflow the stack', () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
  expect(elementsOf(`[${deep},7]`).map((text) => text.length)).toEqual([400_000, 1])
})

test.each(['[', '[1', '[1,', '[{"a":1}', '{"a":[1]', '["a', '["a\\"]'])('%s has no end', (text) => {
  expect(() => elementsOf(text)).toThrow('the JSON text ends within the list or object that begins at byte 0')
})

test('edits replace values, in any order; without edits the text is the same object', () => {
  const text = bytes('{"a":1,"b":[2],"c":3}')
  const places = membersAt(text, 0)
  const edit = (key: string, value: string) => ({ place: places.get(key)!, value: bytes(value) })
  expect(Buffer.from(editText(text, [edit('c', '30'), edit('a', '""')])).toString()).toBe('{"a":"","b":[2],"c":30}')
  expect(editText(text, [])).toBe(text)
  expect(Buffer.from(writeList([])).toString()).toBe('[]')
  expect(Buffer.from(writeList([bytes('1.0'), bytes('{}')])).toString()).toBe('[1.0,{}]')
})
