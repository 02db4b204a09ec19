import { expect, test } from 'vitest'
import { durationMs, matches, referencesOf, ruleSchema, selects, windowsOf } from './rule.ts'

test.each([
  ['*', '', true],
  ['*', 'anything', true],
  ['', '', true],
  ['', 'a', false],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['a*b*c', 'a-b-b-c', true],
  ['a*b*c', 'a-c-b', false],
  ['*ab*ab*', 'abab', true],
  ['*ab*ab*', 'aab', false],
  ['**', 'x', true],
  ['a**b', 'ab', true],
  ['ab*ba', 'aba', false],
  ['a.c', 'abc', false],
  ['[a]*', '[a]b', true],
  ['kraken.*', 'kraken.ticker', true],
  ['Kraken.*', 'kraken.ticker', false],
])('%s and %s: %s', (pattern, text, expected) => {
  expect(matches(pattern, text)).toBe(expected)
})

test('a pattern that is made to be slow is not', () => {
  const pattern = `${'*a'.repeat(150)}*b`
  const beginMs = performance.now()
  for (let round = 0; round < 100; round++) expect(matches(pattern, 'a'.repeat(20_000))).toBe(false)
  // Backtracking would take longer than the universe is old.
  expect(performance.now() - beginMs).toBeLessThan(5_000)
})

test('a selector takes a series whose labels it names', () => {
  const series = { dataset: 'jao.core.atc', key: 'border_AT_BE', labels: { from: 'AT', to: 'BE' } }
  const of = (partial: object) => ({ dataset: 'jao.*', key: '*', labels: {}, ...partial })
  expect(selects(of({}), series)).toBe(true)
  expect(selects(of({ labels: { from: 'AT' } }), series)).toBe(true)
  expect(selects(of({ labels: { from: 'A*', to: '*E' } }), series)).toBe(true)
  expect(selects(of({ labels: { from: 'AT', to: 'DE' } }), series)).toBe(false)
  // Even a star needs the label to be there.
  expect(selects(of({ labels: { hub: '*' } }), series)).toBe(false)
  expect(selects(of({ labels: { constructor: '*' } }), series)).toBe(false)
  expect(selects(of({ key: 'border_*_DE' }), series)).toBe(false)
})

test('lengths of time are ms', () => {
  expect(['PT90S', 'PT1H', 'P1D', 'P1DT1H1M1S'].map(durationMs)).toEqual([90_000, 3_600_000, 86_400_000, 90_061_000])
})

test('what a rule looks back to, and with what it compares', () => {
  const rule = ruleSchema.parse({
    ...{ id: 'r', title: 't', owner: 'o', of: { dataset: 'd' } },
    when: {
      any: [
        { value: '>', than: 1, as: 'ratio', to: { window: 'PT1H', of: 'avg' } },
        { value: '>', than: 1, as: 'difference', to: { dataset: 'e', key: 'k' } },
        { value: '>', than: 1 },
      ],
    },
  })
  expect(windowsOf(rule)).toEqual([3_600_000])
  expect(referencesOf(rule)).toEqual([{ dataset: 'e', key: 'k' }])
})

test('a star stands for any characters, and many stars take no time', () => {
  expect(matches('*.last', 'XBT.last')).toBe(true)
  expect(matches('*.last', 'XBT.lastly')).toBe(false)
  expect(matches('a*b*c', 'a-b-b-c')).toBe(true)
  expect(matches('ab*ba', 'aba')).toBe(false)
  expect(matches('*', '')).toBe(true)
  expect(matches('', 'x')).toBe(false)
  expect(matches(`${'*a'.repeat(140)}*b`, 'a'.repeat(300))).toBe(false)
})

test('a selector takes a series by dataset, key and labels; a label that is not there does not match', () => {
  const series = { dataset: 'jao.core.maxExchanges', key: 'border_AT_BE', labels: { from: 'AT', to: 'BE' } }
  const of = (labels: Record<string, string>) => ({ dataset: 'jao.*', key: '*', labels })
  expect(selects(of({}), series)).toBe(true)
  expect(selects(of({ from: 'AT', to: '*' }), series)).toBe(true)
  expect(selects(of({ from: 'DE' }), series)).toBe(false)
  expect(selects(of({ zone: '*' }), series)).toBe(false)
})
