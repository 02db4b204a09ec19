import { expect, test } from 'vitest'
import { describeCondition } from '#core/alerts/describe-rule.ts'
import { matches, selects } from '#core/alerts/rule.ts'
import { readRule } from './rules.ts'

const rule = { id: 'r', title: 'A title', owner: 'us', of: { dataset: 'kraken.ticker', key: '*.last' } }
const hourly = (of: string) => ({ value: '>', than: 3, as: 'ratio', to: { window: 'PT1H', of } })
const capacities = { dataset: 'jao.core.maxExchanges' }

test.each([
  [{ when: { value: '>', than: 'x' } }, 'when.than: Invalid input: expected number, received string'],
  [
    { when: { ...hourly('avg'), as: 'rattio' } },
    'when.as: Invalid option: expected one of "ratio"|"difference"|"percent"',
  ],
  [{ when: hourly('mean') }, 'when.to.of: Invalid option'],
  [
    { when: { ...hourly('avg'), to: { window: 'P8D', of: 'avg' } } },
    'when.to.window: must be a length of time from PT1M to P7D',
  ],
  [
    { when: { ...hourly('avg'), to: { window: 'an hour', of: 'avg' } } },
    'when.to.window: must be a length of time such as',
  ],
  [{ when: { value: '>', than: 1 }, id: 'Not An Id' }, 'id: must be small letters, digits and hyphens, at most 63'],
  [{ when: { value: '>', than: 1 }, clearAt: 2 }, 'clearAt: must lie on the other side of 1'],
  [{ when: { all: [{ value: '>', than: 1 }] }, clearAt: 0 }, 'clearAt: is for a rule with one condition on a value'],
  [{ when: { value: '>', than: 1 }, times: { of: 3, atLeast: 4 } }, 'times: `atLeast` cannot be above `of`'],
  [{ when: { value: '>', than: 1 }, tells: ['x'] }, 'the rule: Unrecognized key: "tells"'],
  [{ when: { becomes: 'published' }, of: { dataset: 'kraken.tikker' } }, 'no dataset is named kraken.tikker'],
  [{ when: { value: '>', than: 1 }, of: { dataset: 'blog_analysis.votes' } }, 'no dataset is named'],
  [
    { when: { value: '>', than: 1 }, of: { ...capacities, labels: { to_zone: 'BE' } } },
    'no series of jao.core.maxExchanges has the label to_zone; there is: from, to',
  ],
  [{ when: { revision: '>', than: 1 } }, 'ticks of kraken.ticker are not revised'],
  [
    { when: { value: '>', than: 1, as: 'percent', to: { knownBefore: 'P1D' } } },
    'a tick of kraken.ticker is known once',
  ],
  [
    { when: hourly('avg'), of: { dataset: 'binance.ticker24hr', key: '*.change' } },
    'a ratio means nothing for values that may be below zero',
  ],
  [{ when: hourly('avg'), of: capacities }, 'a window of PT1H holds fewer than two values, which come every 3600 s'],
  [{ when: { revision: '>', than: 1 }, of: capacities, for: 'PT1H' }, 'are for conditions that last'],
  [{ when: { becomes: 'late' }, of: capacities, for: 'PT1H' }, 'are for conditions on values'],
  [{ when: { ...hourly('avg'), to: { dataset: 'no.such', key: 'x' } } }, 'there is no dataset no.such'],
])('%j is refused: %s', (more, words) => {
  expect(() => readRule({ ...rule, ...more })).toThrow(words)
})

test.each([
  [{ value: '<', than: 900 }, 'the value is less than 900'],
  [hourly('avg'), 'the value is more than 3 times the average of the hour before it'],
  [{ ...hourly('first'), as: 'percent' }, 'the value is more than 3 % above the first value of the hour before it'],
  [
    { ...hourly('min'), value: '<', as: 'percent', than: -5 },
    'the value is less than -5 % above the minimum of the hour before it',
  ],
  [
    { ...hourly('stddev'), as: 'difference' },
    'the value minus the standard deviation of the hour before it is more than 3',
  ],
  [
    {
      all: [
        { value: '>', than: 1 },
        { value: '<=', than: 2 },
      ],
    },
    'the value is more than 1, and the value is at most 2',
  ],
  [
    {
      any: [
        { value: '>', than: 1 },
        { value: '<=', than: 0 },
      ],
    },
    'the value is more than 1, or the value is at most 0',
  ],
])('%j says: %s', (when, words) => {
  expect(describeCondition(readRule({ ...rule, when }))).toBe(words)
})

test('what happens to windows and revisions, in words', () => {
  const said = (when: object) => describeCondition(readRule({ ...rule, of: capacities, when }))
  expect(said({ becomes: 'late' })).toBe('a window is late')
  expect(said({ becomes: 'published' })).toBe('a window is published')
  expect(said({ revision: '>', than: 500 })).toBe('a value that lies ahead is revised by more than 500')
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
