// Expected points are written by hand from samples/a-day.body. TODO: put an answer there that upstream really gave.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Answer } from '#sources/source.ts'
import { explode, newSourceDaily } from './daily.ts'

const body = readFileSync(new URL('samples/a-day.body', import.meta.url))
const window = { startMs: Date.parse('2026-04-20T22:00:00Z'), endMs: Date.parse('2026-04-21T22:00:00Z') }
const answer = (text: string): Answer => ({ body: Buffer.from(text), status: 200, window })
const assess = (text: string) => newSourceDaily.asking?.assess(Buffer.from(text), { window, selector: null })

test('the sample day becomes two series of 24 hours', () => {
  const { slices, refusal } = explode({ body, status: 200, window })
  expect(refusal).toBeUndefined()
  expect(slices.map(({ key, startMs, stepS, values }) => [key, startMs, stepS, values.length])).toEqual([
    ['north', window.startMs, 3600, 24],
    ['south', window.startMs, 3600, 24],
  ])
  expect(slices[0]?.values.slice(0, 5)).toEqual([10, 11.5, 12, 12.5, 20])
  // Hour 3 of south was published without a value.
  expect(slices[1]?.values.slice(0, 5)).toEqual([-1.25, 7, 7, null, 7])
  expect(assess(body.toString())).toBe('complete')
})

test('an hour that is missing is a null, and the day is not complete', () => {
  const text = '{"values":[{"time":"2026-04-20T23:00:00Z","north":1}]}'
  expect(explode(answer(text)).slices[0]?.values.slice(0, 3)).toEqual([null, 1, null])
  expect(explode(answer(text.replace('Z', '+00:00')))).toEqual(explode(answer(text)))
  expect(assess(text)).toBe('partial')
  expect(assess('{"values":[]}')).toBe('empty')
  expect(assess(body.toString().replaceAll(/th":[^,}]+/g, 'th":null'))).toBe('partial')
})

test('a value out of the ordinary is stored and flagged', () => {
  const { slices } = explode(answer('{"values":[{"time":"2026-04-20T22:00:00Z","north":1001,"south":1000}]}'))
  expect(slices.map(({ key, flags }) => [key, flags])).toEqual([
    ['north', ['implausible']],
    ['south', []],
  ])
})

test('stations of any name are read, but not any number of them', () => {
  const named = '{"values":[{"time":"2026-04-20T22:00:00Z","constructor":1},{"time":"2026-04-20T23:00:00Z"}]}'
  expect(explode(answer(named)).slices[0]?.values.slice(0, 3)).toEqual([1, null, null])
  const cells = Array.from({ length: 1_001 }, (_, at) => `"s${at}":1`).join()
  const many = `{"values":[{"time":"2026-04-20T22:00:00Z",${cells}}]}`
  expect(explode(answer(many)).refusal?.reason).toBe('too-many-keys')
})

test.each([
  ['a page for people', '<html>', 'not-json'],
  ['a station twice', '{"values":[{"time":"2026-04-20T22:00:00Z","north":1,"north":2}]}', 'schema'],
  ['a text for a number', '{"values":[{"time":"2026-04-20T22:00:00Z","north":"10"}]}', 'schema'],
  ['no station', '{"values":[{"time":"2026-04-20T22:00:00Z"}]}', 'schema'],
  ['another day', '{"values":[{"time":"2026-04-21T22:00:00Z","north":1}]}', 'outside-window'],
  ['half an hour', '{"values":[{"time":"2026-04-20T22:30:00Z","north":1}]}', 'step'],
  [
    'the same hour twice',
    '{"values":[{"time":"2026-04-20T22:00:00Z","north":1},{"time":"2026-04-20T22:00:00Z","north":2}]}',
    'conflicting-rows',
  ],
])('%s is refused with a reason, and does not end the search', (_what, text, reason) => {
  expect(explode(answer(text))).toMatchObject({ slices: [], refusal: { reason } })
  expect(() => assess(text)).toThrow(reason)
})
