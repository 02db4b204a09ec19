import { expect, test } from 'vitest'
import { suggestSimilar } from './suggest-similar.ts'

const names = ['jao.core.netPos', 'jao.core.maxExchanges', 'jao.nordic.maxExchanges', 'kraken.ticker', 'votes.votes']

test.each([
  ['jao.core.maxExchange', ['jao.core.maxExchanges', 'jao.nordic.maxExchanges']],
  ['JAO.NORDIC.MAXEXCHANGES', ['jao.nordic.maxExchanges', 'jao.core.maxExchanges']],
  ['ticker', ['kraken.ticker']],
  ['vote', ['votes.votes']],
  ['netpos', ['jao.core.netPos']],
])('the names most like %s', (name, expected) => {
  expect(suggestSimilar(name, names, expected.length)).toEqual(expected)
})

test('nothing, and a very long name, are compared too', () => {
  expect(suggestSimilar('', names, 2)).toHaveLength(2)
  expect(suggestSimilar('x'.repeat(10_000_000), names, 9)).toEqual(names)
})
