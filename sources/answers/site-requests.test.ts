import { expect, test } from 'vitest'
import { clientTimeMs, readParameters } from './site-requests.ts'

const read = (query: string) => readParameters(new URLSearchParams(query), ['FromUtc', 'Take'])

test('names of parameters ignore case, values do not change', () => {
  expect(read('fromUTC=aB&TAKE=')).toEqual(
    new Map([
      ['FromUtc', 'aB'],
      ['Take', ''],
    ]),
  )
  expect(read('')).toEqual(new Map())
})

test('a parameter that is not known, or is given twice, is a problem that names it', () => {
  expect(read('FromUtc=1&Presolved=true')).toEqual({
    status: 400,
    message: 'The parameter "Presolved" cannot be applied to stored answers: only FromUtc, Take can be applied.',
  })
  expect(read('take=1&Take=1')).toEqual({ status: 400, message: 'The parameter Take is given twice: give it once.' })
  const { message } = read(`${'x'.repeat(500)}%1b%C2%9b=1`) as { message: string }
  expect(message.length).toBeLessThan(250)
  expect(read('a%C2%9bb=1')).toMatchObject({ message: expect.stringContaining('a\ufffdb') })
})

test('times as clients write them', () => {
  const at = Date.UTC(2026, 3, 20, 22)
  for (const text of [
    '2026-04-20T22:00:00Z',
    '2026-04-20T22:00:00.000Z',
    '2026-04-20T22:00:00.000000Z',
    '2026-04-20T22:00:00.0000Z',
    '2026-04-20T22:00:00',
    '2026-04-20T22:00',
    '2026-04-20t22:00z',
    '2026-04-20T22:00:00+00:00',
    '2026-04-21T00:00:00+02:00',
    '2026-04-21T00:00+0200',
  ]) {
    expect(clientTimeMs(text), text).toBe(at)
  }
  expect(clientTimeMs('2026-04-20')).toBe(Date.UTC(2026, 3, 20))
  expect(clientTimeMs('2026-04-20T21:59:00.5Z')).toBe(at - 59_500)
})

test.each([
  '',
  'now',
  '2026-04-20 22:00:00',
  '2026-04-20T22:00:00 02:00',
  '2026-02-30',
  '2026-04-20T24:00',
  '2026-04-20T22',
  '2026-04-20T22:00:00.',
  '2026-04-20T22:00:00+25:00',
  '1776722400000',
])('%j is no time', (text) => {
  expect(clientTimeMs(text)).toBeUndefined()
})
