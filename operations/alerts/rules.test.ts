import { expect, test } from 'vitest'
import { describeCondition } from '#core/alerts/describe-rule.ts'
import { readRule, readRules } from './rules.ts'

const rule = {
  id: 'r-1',
  title: 'A title',
  owner: 'trading',
  of: { dataset: 'kraken.ticker', key: '*.last' },
  when: { value: '>', than: 3, as: 'ratio', to: { window: 'PT1H', of: 'avg' } },
}

test('a rule has all defaults', () => {
  expect(readRule(rule)).toEqual({
    ...rule,
    ...{ of: { ...rule.of, labels: {} }, severity: 'warning', minShare: 0.8, tell: [] },
  })
})

const ratio = rule.when
const plain = { value: '>', than: 3 }

test.each([
  [{ id: 'Über' }, 'id: must be small letters, digits and hyphens, at most 63'],
  [{ title: '  ' }, 'title: Too small: expected string to have >=1 characters'],
  [{ title: 'two\nlines' }, 'title: must be one line without control characters'],
  [{ owner: 'a\u001b[31m' }, 'owner: must be one line without control characters'],
  [{ of: { dataset: 'kraken\n.*' } }, 'of.dataset: must be one line without control characters'],
  [{ severity: 'urgent' }, 'severity: Invalid option: expected one of "info"|"warning"|"critical"'],
  [{ color: 'red' }, 'the rule: Unrecognized key: "color"'],
  [{ for: 'PT0S' }, 'for: must be a second at least'],
  [{ for: 'an hour' }, 'for: must be a length of time such as PT1H, PT90S or P1D'],
  [{ for: 'P1M' }, 'for: must be a length of time such as PT1H, PT90S or P1D'],
  [{ for: 'PT' }, 'for: must be a length of time such as PT1H, PT90S or P1D'],
  [{ maxAge: 'P32D' }, 'maxAge: must be P31D at most'],
  [{ minShare: 0 }, 'minShare: Too small: expected number to be >=0.1'],
  [{ times: { of: 2, atLeast: 3 } }, 'times: `atLeast` cannot be above `of`'],
  [{ times: { of: 32, atLeast: 3 } }, 'times.of: Too big: expected number to be <=31'],
  [{ when: { value: '==', than: 3 } }, 'when.value: Invalid option: expected one of ">"|">="|"<"|"<="'],
  [{ when: { value: '>', than: '3' } }, 'when.than: Invalid input: expected number, received string'],
  [{ when: { value: '>', than: Number.NaN } }, 'when.than: Invalid input: expected number, received NaN'],
  [
    { when: { value: '>', than: Number.POSITIVE_INFINITY } },
    'when.than: Invalid input: expected number, received Infinity',
  ],
  [
    { when: { ...ratio, to: { window: 'PT30S', of: 'avg' } } },
    'when.to.window: must be a length of time from PT1M to P7D',
  ],
  [
    { when: { ...ratio, to: { window: 'P8D', of: 'avg' } } },
    'when.to.window: must be a length of time from PT1M to P7D',
  ],
  [{ when: { becomes: 'lost' } }, 'when.becomes: Invalid option: expected one of "published"|"late"|"retracted"'],
  [{ when: { all: [] } }, 'when.all: Too small: expected array to have >=1 items'],
  [
    { when: { all: [plain, { any: [plain, plain] }] } },
    'when.all.1: `any` cannot stand in `all`: save a rule for each alternative, with `all` in each',
  ],
  [
    { when: { any: [{ all: [plain] }, plain] } },
    'when.any.0: `all` cannot stand in `any`: save a rule for each alternative, with `all` in each',
  ],
  [
    { when: { any: [{ any: [plain] }] } },
    'when.any.0: `any` stands in `any`: write its conditions into the outer list',
  ],
  [
    { when: { all: [plain], any: [plain] } },
    'when: `all` and `any` cannot stand side by side: save a rule for each alternative, with `all` in each',
  ],
  [
    { when: { all: [plain, { becomes: 'late' }] } },
    'when.all.1: `all` joins conditions on values: save `becomes` as a rule of its own',
  ],
  [
    { when: { any: [{ not: plain }] } },
    'when.any.0: is not a condition on a value: write { "value": ">", "than": 100 }',
  ],
  [{ when: { all: [null] } }, 'when.all.0: Invalid input: expected object, received null'],
  [{ when: { all: [{ ...plain, than: '3' }] } }, 'when.all.0.than: Invalid input: expected number, received string'],
  [
    { when: { not: plain } },
    'when: has none of `value`, `all`, `any`, `revision`, `withdrawn`, `becomes`, `sql`: docs/alerts.md has a table',
  ],
  [
    { when: { value: '>', than: 3 }, clearAt: 4 },
    'clearAt: must lie on the other side of 3, or the rule would resolve while it holds',
  ],
  [{ when: { any: [{ value: '>', than: 3 }] }, clearAt: 2 }, 'clearAt: is for a rule with one condition on a value'],
])('%j is refused in words', (change, expected) => {
  expect(() => readRule({ ...rule, ...change })).toThrow(`The rule does not fit:\n  ${expected}`)
})

test.each([[null], [[]], ['a text'], [7], [undefined]])('%j is not a rule', (written) => {
  expect(() => readRule(written)).toThrow(/^The rule does not fit:\n {2}the rule: Invalid input: expected object/)
})

const query = { id: 'q-1', title: 'A title', owner: 'trading', when: { sql: 'SELECT 1' } }

test('a rule with a query is asked every minute, and stays the same when it is read again', () => {
  const read = readRule(query)
  expect(read).toMatchObject({ when: { sql: 'SELECT 1', every: 'PT1M' }, of: { dataset: 'sql', key: '*' } })
  expect(readRule(JSON.parse(JSON.stringify(read)))).toEqual(read)
  expect(readRule({ ...query, for: 'PT5M', keepFiringFor: 'PT5M' })).toMatchObject({ for: 'PT5M' })
})

test.each([
  [{ of: rule.of }, 'of: is for conditions on series: a query names its tables itself'],
  [{ of: { dataset: 'sql', key: 'a' } }, 'of: is for conditions on series'],
  [{ times: { of: 3, atLeast: 2 } }, 'times: is for conditions on values: let the query count'],
  [{ clearAt: 1 }, 'clearAt: is for conditions on values'],
  [{ maxAge: 'PT1H' }, 'maxAge: is for conditions on values'],
  [{ minShare: 0.5 }, 'minShare: is for windows of values'],
  [{ when: { sql: 'SELECT 1', every: 'PT14S' } }, 'when.every: must be from PT15S to P1D'],
  [{ when: { sql: ' ' } }, 'when.sql: Too small: expected string to have >=1 characters'],
  [{ when: { sql: 'SELECT 1', evry: 'PT1M' } }, 'when: Unrecognized key: "evry"'],
  [{ when: { value: '>', than: 3 } }, 'of: Invalid input: expected object, received undefined'],
])('a rule with a query and %j is refused in words', (change, expected) => {
  expect(() => readRule({ ...query, ...change })).toThrow(`The rule does not fit:\n  ${expected}`)
})

test('a query of more than 10,000 characters is refused', () => {
  const written = { ...query, when: { sql: 'x'.repeat(10_001) } }
  expect(() => readRule(written)).toThrow('when.sql: Too big: expected string to have <=10000 characters')
})

test('a query in words is one short line', () => {
  const sql = `SELECT key\n  FROM a WHERE ${'b'.repeat(200)}`
  const words = describeCondition(readRule({ ...query, when: { sql, every: 'PT5M' } }))
  expect(words).toBe(`a query returns a row, asked every 5 minutes: SELECT key FROM a WHERE ${'b'.repeat(96)}…`)
})

test('a file has one rule or a list, in which each id stands once', () => {
  const rule = { id: 'r', title: 't', owner: 'o', of: { dataset: 'jao.core.atc' }, when: { value: '>', than: 1 } }
  expect(readRules(rule).map(({ id }) => id)).toEqual(['r'])
  expect(readRules([rule, { ...rule, id: 's' }]).map(({ id }) => id)).toEqual(['r', 's'])
  expect(() => readRules([])).toThrow('The list has no rule.')
  expect(() => readRules([rule, rule])).toThrow('The id r stands twice')
})

const ofTicks = { id: 'r', title: 'A title', owner: 'us', of: { dataset: 'kraken.ticker', key: '*.last' } }
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
  expect(() => readRule({ ...ofTicks, ...more })).toThrow(words)
})
