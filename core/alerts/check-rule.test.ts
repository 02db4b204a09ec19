import { expect, test } from 'vitest'
import { checkRule } from './check-rule.ts'
import { ruleSchema } from './rule.ts'

const check = (partial: object) => () =>
  checkRule(ruleSchema.parse({ id: 'r', title: 't', owner: 'o', when: { value: '>', than: 3 }, ...partial }))

const ofKraken = { of: { dataset: 'kraken.ticker', key: '*.last' } }
const ratio = { value: '>', than: 3, as: 'ratio', to: { window: 'PT1H', of: 'avg' } }
const toWindow = (window: string) => ({ ...ratio, to: { window, of: 'avg' } })
const difference = (to: object) => ({ value: '>', than: 3, as: 'difference', to })
const revision = { revision: '>', than: 500 }

test.each([
  [{ of: { dataset: 'kraken.tickers' } }, 'no dataset is named kraken.tickers: `npx tidemark catalogue` lists all'],
  [{ of: { dataset: 'votes.*' } }, 'votes.* has no values on a grid, which rules look at'],
  [
    { of: { dataset: 'jao.core.atc', labels: { hub: 'AT' } } },
    'no series of jao.core.atc has the label hub; there is: from, to',
  ],
  [{ of: { dataset: 'jao.core.alphaFactor', labels: { hub: 'AT' } } }, 'has the label hub; it has none'],
  [
    { of: { dataset: 'jao.core.atc' }, when: { becomes: 'late' }, for: 'PT1H' },
    '`for`, `times`, `clearAt` and `keepFiringFor` are for conditions on values',
  ],
  [
    { of: { dataset: 'jao.core.lta' }, when: { becomes: 'late' } },
    "upstream's time is not known for jao.core.lta, so it is never late",
  ],
  [{ of: { dataset: 'cryptowatch.markets' }, when: { becomes: 'late' } }, 'so it is never late'],
  [{ ...ofKraken, when: revision }, 'ticks of kraken.ticker are not revised: the rule would never alert'],
  [{ ...ofKraken, when: { withdrawn: 'any' } }, 'ticks of kraken.ticker are not withdrawn: the rule would never alert'],
  [{ of: { dataset: 'jao.core.atc' }, when: { withdrawn: 'any' }, for: 'PT1H' }, 'are for conditions that last'],
  [
    { of: { dataset: 'jao.core.atc' }, when: revision, times: { of: 3, atLeast: 2 } },
    '`for`, `times`, `clearAt` and `keepFiringFor` are for conditions that last',
  ],
  [
    { of: { dataset: 'jao.core.netPos' }, when: ratio },
    'a ratio means nothing for values that may be below zero; use `"as": "difference"`',
  ],
  [{ of: { dataset: 'jao.core.netPos' }, when: { ...ratio, as: 'percent' } }, 'a percent means nothing for values'],
  [
    { ...ofKraken, when: difference({ dataset: 'kraken.x', key: 'k' }) },
    'there is no dataset kraken.x to compare with',
  ],
  [
    { ...ofKraken, when: difference({ dataset: 'votes.votes', key: '1' }) },
    'votes.votes has no values on a grid to compare with',
  ],
  [
    { ...ofKraken, when: difference({ dataset: 'coinbase.ticker', key: 'BTC-USD.last' }) },
    'kraken.ticker is compared with coinbase.ticker, which is of another source: rules compare series of one source',
  ],
  [
    { ...ofKraken, when: difference({ knownBefore: 'PT1H' }) },
    'a tick of kraken.ticker is known once: there is nothing that was known before',
  ],
  [
    { of: { dataset: 'jao.core.atc' }, when: toWindow('PT29M') },
    'a window of PT29M holds fewer than two values, which come every 900 s',
  ],
  [{ ...ofKraken, when: { any: [{ value: '>', than: 1 }, difference({ knownBefore: 'PT1H' })] } }, 'is known once'],
])('%j is refused', (partial, why) => {
  expect(check(partial)).toThrow(/^The rule r is refused: .*\.$/)
  expect(check(partial)).toThrow(why)
})

test.each([
  ['XXBTZUSD.change', {}, true],
  ['*.change', {}, true],
  ['*', {}, true],
  ['XXBT*', {}, true],
  ['*ge', {}, true],
  ['*.c*', {}, true],
  ['*', { metric: 'ch*' }, true],
  ['kraken:btcusd.changePercentage', {}, true],
  ['*', { metric: 'changeAbsolute' }, true],
  ['XXBTZUSD.last', {}, false],
  ['*.last', {}, false],
  ['*', { metric: 'last' }, false],
  ['XXBT*.volume', {}, false],
])('a ratio of the series %s with the labels %j may be signed: %s', (key, labels, isSigned) => {
  const run = check({ of: { dataset: 'cryptowatch.*', key, labels }, when: ratio })
  if (isSigned) expect(run).toThrow('a ratio means nothing for values that may be below zero')
  else expect(run).not.toThrow()
})

test.each([
  [{ ...ofKraken, when: ratio }],
  [{ ...ofKraken, when: toWindow('PT1M') }],
  [{ of: { dataset: 'jao.core.atc' }, when: toWindow('PT30M') }],
  [{ of: { dataset: 'jao.*' }, when: revision }],
  [{ of: { dataset: 'jao.core.atc' }, when: difference({ knownBefore: 'P1D' }) }],
  [{ of: { dataset: 'jao.core.netPos' }, when: difference({ dataset: 'jao.core.atc', key: 'border_AT_BE' }) }],
  [{ of: { dataset: 'jao.core.atc', labels: { from: 'AT' } }, when: { becomes: 'late' } }],
  [{ of: { dataset: 'kraken.ticker' }, when: { becomes: 'late' } }],
  [{ of: { dataset: '*', key: '*' }, when: { value: '<', than: -1 } }],
])('%j is accepted', (partial) => {
  expect(check(partial)).not.toThrow()
})
