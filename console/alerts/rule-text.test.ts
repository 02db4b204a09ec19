import { expect, test } from 'vitest'
import { selectorText, tellText, unknownTexts } from './rule-text.ts'

test('the series of a rule have their labels', () => {
  const dataset = 'jao.core.maxExchanges'
  expect(selectorText({ of: { dataset, key: '*', labels: { from: 'AT', to: 'BE' } } })).toBe(
    'jao.core.maxExchanges from=AT, to=BE',
  )
  expect(selectorText({ of: { dataset, key: 'border_*', labels: { to: 'BE' } } })).toBe(
    'jao.core.maxExchanges border_* to=BE',
  )
  expect(selectorText({ of: { dataset, key: '*', labels: {} } })).toBe('jao.core.maxExchanges *')
  expect(selectorText({ of: { dataset } })).toBe('jao.core.maxExchanges *')
})

test('a rule without endpoints tells nobody', () => {
  expect(tellText({ tell: [] })).toBe('tells nobody: it is only in the history')
  expect(tellText({})).toBe('tells nobody: it is only in the history')
  expect(tellText({ tell: ['desk', 'me'] })).toBe('tells desk, me')
})

test('a rule says of which datasets it is unknown, since when and why', () => {
  const late = { dataset: 'kraken.ticker', onsetAt: '2026-11-28T09:30:00.000Z', detail: 'late: upstream-down' }
  const query = { dataset: 'sql', onsetAt: '2026-11-28T09:40:00.000Z', detail: null }
  expect(unknownTexts({ unknown: [late, query] }, 'Europe/Brussels')).toEqual([
    'is unknown on kraken.ticker since 2026-11-28 10:30: late: upstream-down',
    'is unknown since 2026-11-28 10:40',
  ])
  expect(unknownTexts({ unknown: [] }, 'UTC')).toEqual([])
  expect(unknownTexts({ unknown: null }, 'UTC')).toEqual([])
})
