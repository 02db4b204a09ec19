import { describe, expect, test } from 'vitest'
import { readInstant, readStoreInstant } from './instant.ts'

describe('an instant', () => {
  const read = (text: string) => new Date(readInstant(text, 'The time')).toISOString()
  test('has Z, an offset, or a zone that agrees', () => {
    expect(read('2026-10-25T00:00Z')).toBe('2026-10-25T00:00:00.000Z')
    expect(read('2026-10-25T02:00+02:00')).toBe('2026-10-25T00:00:00.000Z')
    expect(read('2026-10-25T02:00:00.250+01:00')).toBe('2026-10-25T01:00:00.250Z')
    expect(read('2026-10-25T02:00+02:00[Europe/Brussels]')).toBe('2026-10-25T00:00:00.000Z')
    expect(read('2026-10-25T02:00+01:00[Europe/Brussels]')).toBe('2026-10-25T01:00:00.000Z')
    expect(read('2026-10-24T12:00[Europe/Brussels]')).toBe('2026-10-24T10:00:00.000Z')
  })
  test.each([
    '2026-10-25T02:00',
    '2026-10-25',
    '2026-10-25T02:00[Europe/Brussels]',
    '2026-03-29T02:30[Europe/Brussels]',
    '2026-10-25T02:00+03:00[Europe/Brussels]',
    '2026-10-25T02:00+02:00[Nowhere/City]',
    '2026-13-01T00:00Z',
    "'; DROP TABLE points",
    '',
  ])('%j is refused, and what to write is said', (text) => {
    expect(() => read(text)).toThrow(/^The time .*is not an instant.* 2026-10-25T02:00\+02:00, or /)
  })
  test('may be as `query` prints it, which is UTC, where times of the store are meant', () => {
    const times = ['2026-11-26 20:00:00', '2026-10-25 02:00:00.449', '2026-11-26 20:00', '2026-10-25T02:00+02:00']
    expect(times.map((text) => new Date(readStoreInstant(text, 'x')).toISOString())).toEqual([
      '2026-11-26T20:00:00.000Z',
      '2026-10-25T02:00:00.449Z',
      '2026-11-26T20:00:00.000Z',
      '2026-10-25T00:00:00.000Z',
    ])
    for (const none of ['2026-11-31 20:00:00', '2026-11-26T20:00:00'])
      expect(() => readStoreInstant(none, 'x'), none).toThrow('is not an instant')
    // `--at` must name its zone.
    expect(() => read('2026-11-26 20:00:00')).toThrow('is not an instant')
  })
  test('is one that can be stored', () => {
    for (const text of ['1969-12-31T23:59Z', '2106-02-07T06:28:16Z', '+099999-01-01T00:00Z'])
      expect(() => read(text), text).toThrow('1970 to 2106')
  })
  test('steers no terminal when it is none', () => {
    expect(() => read('\u001b[2J')).toThrow('The time \ufffd[2J is not an instant')
  })
})
