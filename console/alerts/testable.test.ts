import { expect, test } from 'vitest'
import { testsOf } from './testable.ts'

test('a rule is offered the tests that can say something about it', () => {
  const kinds = (when: unknown) => testsOf({ when }).kinds
  expect(kinds({ value: '>', than: 3 })).toEqual(['now', 'then'])
  expect(kinds({ all: [{ value: '>', than: 3 }] })).toEqual(['now', 'then'])
  expect(kinds({ revision: '>', than: 500 })).toEqual(['then'])
  expect(kinds({ withdrawn: 'any' })).toEqual(['then'])
  expect(kinds({ becomes: 'late' })).toEqual([])
  // What else is wrong with it says the API.
  expect(kinds(undefined)).toEqual(['now', 'then'])
})
