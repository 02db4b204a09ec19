import { expect, test } from 'vitest'
import { namesTag } from './as-of.ts'

// RFC 9110, 13.1.2: a list of tags, compared weakly, or *.
test.each([
  ['"a"', true],
  ['W/"a"', true],
  ['"b", "a"', true],
  ['"b",W/"a"', true],
  ['*', true],
  [' * ', true],
  ['"b"', false],
  ['"b", "c"', false],
  ['a', false],
  ['w/"a"', false],
  ['"*"', false],
  ['', false],
  [undefined, false],
  // A comma, and what looks like another tag, may be in a tag.
  ['"b,"a', false],
  ['"x, "a""', false],
])('If-None-Match: %s', (header, isNamed) => {
  expect(namesTag(header, '"a"')).toBe(isNamed)
})

test('a tag with a comma in it is one tag', () => {
  expect(namesTag('"b, c", "d"', '"b, c"')).toBe(true)
  expect(namesTag('"b, c", "d"', '"c"')).toBe(false)
})
