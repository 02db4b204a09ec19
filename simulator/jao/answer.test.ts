import { expect, test } from 'vitest'
import { readRecording } from '../../test/support/recorded-jao.ts'
import { answerBody, answerRows } from './answer.ts'
import { bordersOf } from './borders.ts'
import type { Contents } from './contents.ts'

const border = (key: string) => ({ key, low: 0, high: 1, hash: 0 })

test('prints rows as upstream does: hand-written sample', () => {
  const contents: Contents = {
    hoursMs: [Date.UTC(2026, 3, 20, 0), Date.UTC(2026, 3, 20, 1)],
    columns: [border('border_AT_BE'), border('border_AT_CZ')],
    values: [
      [4346, 0],
      [null, 10.5],
    ],
  }
  expect(answerBody(answerRows(contents, 34059)).toString()).toBe(
    '{"data":[{"id":34059,"dateTimeUtc":"2026-04-20T00:00:00Z","border_AT_BE":4346.0000000000,"border_AT_CZ":0.0000000000},' +
      '{"id":34060,"dateTimeUtc":"2026-04-20T01:00:00Z","border_AT_BE":null,"border_AT_CZ":10.5000000000}],' +
      '"rejected":false,"messages":null}',
  )
  expect(answerBody([]).toString()).toBe('{"data":[],"rejected":false,"messages":null}')
})

test('the recorded values printed again are the recorded bytes, and keys and ranges are the recorded ones', () => {
  const recording = readRecording()
  if (recording === undefined) return
  const { data } = JSON.parse(recording.body.toString()) as { data: Record<string, number>[] }
  const keys = Object.keys(data[0]!).slice(2)
  const printed = answerRows(
    {
      hoursMs: recording.rows.map(({ hourMs }) => hourMs),
      columns: keys.map(border),
      values: data.map((row) => keys.map((key) => row[key]!)),
    },
    34059,
  )
  expect(answerBody(printed).equals(recording.body)).toBe(true)

  const columns = bordersOf('2026-04-20')
  expect(columns.map(({ key }) => key)).toEqual(keys)
  for (const { key, low, high } of columns) {
    const values = data.map((row) => row[key]!)
    expect([key, low, high]).toEqual([key, Math.min(...values), Math.max(...values)])
  }
})
