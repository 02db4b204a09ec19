import { expect, test } from 'vitest'
import { readRecording } from '../../test/support/recorded-jao.ts'
import { coreMaxExchanges } from './core.ts'

const window = { startMs: Date.parse('2026-04-20T22:00:00Z'), endMs: Date.parse('2026-04-21T22:00:00Z') }
const place = (body: Uint8Array, key: string, atMs: number, of = window) =>
  coreMaxExchanges.place?.({ body, status: 200, window: of }, key, atMs)

test('of every recorded value is the cell of its row', () => {
  const recording = readRecording()
  if (!recording) return expect(recording, 'recordings are missing; said above').toBeUndefined()
  const of = { startMs: recording.fromMs, endMs: recording.toMs }
  for (const [index, { hourMs }] of recording.rows.entries()) {
    expect(place(recording.body, 'border_AT_BE', hourMs, of)).toEqual(['data', index, 'border_AT_BE'])
  }
  expect(place(recording.body, 'border_AT_BE', recording.toMs, of)).toBeUndefined()
  expect(place(recording.body, 'border_AT_ZZ', recording.fromMs, of)).toBeUndefined()
})

test('counts all rows, in whatever order they come, and takes the first of a doubled one', () => {
  const row = (time: string, cells: object) => ({ dateTimeUtc: time, ...cells })
  const body = Buffer.from(
    JSON.stringify({
      data: [
        row('2026-04-21T22:00:00Z', { border_AT_BE: 9 }),
        row('2026-04-20T23:00:00Z', { border_AT_BE: null }),
        row('2026-04-20T22:00:00Z', { border_BE_AT: 1, toString: 1 }),
        row('2026-04-20T23:00:00Z', { border_AT_BE: null }),
      ],
    }),
  )
  const hour = 3_600_000
  expect(place(body, 'border_AT_BE', window.startMs + hour)).toEqual(['data', 1, 'border_AT_BE'])
  expect(place(body, 'border_BE_AT', window.startMs)).toEqual(['data', 2, 'border_BE_AT'])
  // A missing cell, a missing row, a column that is not a series, and the row of the next window.
  expect(place(body, 'border_AT_BE', window.startMs)).toBeUndefined()
  expect(place(body, 'border_AT_BE', window.startMs + 2 * hour)).toBeUndefined()
  for (const key of ['dateTimeUtc', 'toString', 'constructor'])
    expect(place(body, key, window.startMs), key).toBeUndefined()
  expect(place(body, 'border_AT_BE', window.endMs)).toBeUndefined()
})

test('is undefined in an unreadable answer', () => {
  for (const text of ['', '<html>', '{"data":[1]}', '{"rejected":true,"data":[]}'])
    expect(place(Buffer.from(text), 'border_AT_BE', window.startMs), text).toBeUndefined()
})
