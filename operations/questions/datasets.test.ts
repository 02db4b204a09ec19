import { expect, test } from 'vitest'
import { catalogueEntries } from '#catalogue/entry.ts'
import { sources } from '#sources/index.ts'
import { matchingEntries, type NamedWords } from './datasets.ts'

const entries = catalogueEntries(sources)
const find = (words: string[], named: NamedWords[]) =>
  matchingEntries(entries, words, named).map(({ dataset }) => dataset)
const has = (dataset: string, whole: string[][], part = whole.flat()): NamedWords => ({ dataset, part, whole })

test('a dataset one of whose series has all zones comes first, whatever the order of the zones', () => {
  const named = [
    has('jao-auctions.daily', [['at'], ['de']]),
    has('jao.core.maxExchanges', [['at'], ['de', 'at']]),
    has('jao.core.atc', [['at']]),
  ]
  for (const words of [
    ['capacity', 'at', 'de'],
    ['de', 'capacity', 'at'],
  ])
    expect(find(words, named)[0]).toBe('jao.core.maxExchanges')
  expect(find(['capacity', 'at', 'de'], named)).toContain('jao-auctions.daily')
})

test('a word may stand in a key or label alone, and a word that stands nowhere finds nothing', () => {
  const named = [has('kraken.ticker', [], ['xbtz']), has('votes.votes', [['zz9']])]
  expect(find(['xbtz'], named)).toEqual(['kraken.ticker'])
  expect(find(['zz9'], named)).toEqual(['votes.votes'])
  expect(find(['xbtz', 'nowhere9'], named)).toEqual([])
})
