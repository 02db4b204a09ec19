import { expect, test } from 'vitest'
import { identityNumber, requestIdentity, selectorOf, windowOf } from './request-identity.ts'

const window = { startMs: Date.parse('2026-04-19T22:00:00Z'), endMs: Date.parse('2026-04-20T22:00:00Z') }

test('an identity names dataset, selector and window, as far as there are any; the selector can be read out of it', () => {
  const times = '2026-04-19T22:00:00Z/2026-04-20T22:00:00Z'
  expect(requestIdentity('a.b', window)).toBe(`a.b/${times}`)
  expect(requestIdentity('a.b', window, 'IF1-FR-GB')).toBe(`a.b/IF1-FR-GB/${times}`)
  expect(requestIdentity('a.b', null, 'XBT/USD,ETH')).toBe('a.b/XBT/USD,ETH')
  for (const selector of [null, 'IF1-FR-GB', 'XBT/USD', 'rows-2000', times.replace('/', '-')]) {
    expect(selectorOf(requestIdentity('a.b', window, selector), 'a.b')).toBe(selector)
  }
  for (const selector of ['XBTUSD', 'XBT/USD,ETH']) {
    expect(selectorOf(requestIdentity('a.b', null, selector), 'a.b')).toBe(selector)
  }
})

test('the window can be read out of an identity; that of a tick names none', () => {
  for (const selector of [null, 'IF1-FR-GB', 'XBT/USD']) {
    expect(windowOf(requestIdentity('a.b', window, selector))).toEqual(window)
  }
  for (const identity of [requestIdentity('a.b', null, 'XBTUSD'), 'a.b/2026-04-19T22:00:00Z', 'nonsense']) {
    expect(windowOf(identity)).toBe(null)
  }
  expect(windowOf('a.b/2026-13-19T22:00:00Z/2026-04-20T22:00:00Z')).toBe(null)
})

test('an identity of another dataset has no selector', () => {
  expect(selectorOf('a.bc/x', 'a.b')).toBe(null)
  expect(selectorOf('nonsense', 'a.b')).toBe(null)
})

test('as a number it is the first 53 bits of its SHA-256', () => {
  // FIPS 180-4: SHA-256 of "abc" begins with ba7816bf8f01cfea.
  expect(identityNumber('abc')).toBe(Number(0xba7816bf8f01cfean >> 11n))
  expect(Number.isSafeInteger(identityNumber(''))).toBe(true)
})
