import { expect, test } from 'vitest'
import { selectorText, tellText } from './rule-text.ts'

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
