// Expected records are written by hand from samples/a-new-record.body. TODO: put an answer there that upstream really gave.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Answer } from '#sources/source.ts'
import { explode, newRecordDataset } from './new-record.ts'

const body = readFileSync(new URL('samples/a-new-record.body', import.meta.url))
const window = { startMs: Date.parse('2026-04-20T22:00:00Z'), endMs: Date.parse('2026-04-21T22:00:00Z') }
const answer = (text: string): Answer => ({ body: Buffer.from(text), status: 200, window })
const assess = (text: string) => newRecordDataset.asking?.assess(Buffer.from(text), { window, selector: null })

test('the sample day becomes one record', () => {
  expect(explode({ body, status: 200, window }).records).toEqual([
    {
      topic: 'new-record',
      key: '2026-04-20T22:00:00.000Z/a1',
      fields: { id: 'a1', time: Date.parse('2026-04-21T06:30:00Z'), text: 'high water at noon' },
    },
  ])
  expect(assess(body.toString())).toBe('complete')
  expect(assess('{"rows":[]}')).toBe('empty')
})

const row = '{"id":"a1","time":"2026-04-21T06:30:00Z","text":""}'
test.each([
  ['a page for people', '<html>', 'not-json'],
  ['a row without an id', '{"rows":[{"time":"2026-04-21T06:30:00Z","text":""}]}', 'schema'],
  ['another day', '{"rows":[{"id":"a1","time":"2026-04-22T06:30:00Z","text":""}]}', 'outside-window'],
  ['the same id twice', `{"rows":[${row},${row}]}`, 'conflicting-rows'],
])('%s is refused with a reason, and does not end the search', (_what, text, reason) => {
  expect(explode(answer(text))).toMatchObject({ slices: [], refusal: { reason } })
  expect(() => assess(text)).toThrow(reason)
})
