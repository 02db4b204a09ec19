import { expect, test } from 'vitest'
import { sources } from '#sources/index.ts'
import { diffCatalogues } from './diff.ts'
import { parseCatalogue } from './earlier.ts'
import { catalogueEntries } from './entry.ts'
import { catalogueJson } from './page.ts'

test('what is generated is read back whole', () => {
  const declared = catalogueEntries(sources)
  expect(parseCatalogue(catalogueJson(sources))).toEqual(declared)
  expect(diffCatalogues(parseCatalogue(catalogueJson(sources)), declared)).toEqual({ breaking: [], additive: [] })
})

test('a catalogue with counts, of another release, is read; what is not compared is left out', () => {
  const text = JSON.stringify([{ dataset: 'a.b', unit: 'MW', points: 17, newest: null, colour: 'blue' }])
  expect(parseCatalogue(text)).toEqual([{ dataset: 'a.b', unit: 'MW' }])
})

test.each([
  ['', 'it is not JSON'],
  ['{}', 'the document: '],
  ['[{"unit":"MW"}]', '0.dataset: '],
  ['[{"dataset":"a.b"},{"dataset":"a.c","steps":[{"fromMs":"now","stepS":1}]}]', '1.steps.0.fromMs: '],
])('refuses %s', (text, message) => {
  expect(() => parseCatalogue(text)).toThrow(message)
})
