import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type RecordedJao, startRecordedJao, windowQuery } from './recorded-jao.ts'

let jao: RecordedJao | undefined

beforeAll(async () => {
  jao = await startRecordedJao()
})
afterAll(() => jao?.stop())

const ask = async (fromMs: number, toMs: number) => {
  const response = await fetch(`${jao!.url}/core/api/data/maxExchanges?${windowQuery(fromMs, toMs)}`)
  return { status: response.status, body: Buffer.from(await response.arrayBuffer()) }
}

test('the recorded window is answered byte for byte, a part of it with the recorded rows', async () => {
  if (jao === undefined) return
  const { fromMs, toMs, body } = jao.recording
  expect(new Date(fromMs).toISOString()).toBe('2026-04-20T00:00:00.000Z')
  expect(new Date(toMs).toISOString()).toBe('2026-04-22T00:00:00.000Z')
  expect((await ask(fromMs, toMs)).body.equals(body)).toBe(true)

  const businessDay = await ask(Date.UTC(2026, 3, 20, 22), Date.UTC(2026, 3, 21, 22))
  const text = businessDay.body.toString()
  expect(text.startsWith('{"data":[{"id":34081,"dateTimeUtc":"2026-04-20T22:00:00Z",')).toBe(true)
  expect(body.toString()).toContain(text.slice('{"data":['.length, text.indexOf('],"rejected"')))
  const rows = JSON.parse(text).data as Record<string, unknown>[]
  expect(rows).toHaveLength(24)
  expect(Object.keys(rows[0]!)).toHaveLength(134)
  expect(jao.asked.at(-1)).toBe('?FromUtc=2026-04-20T22:00:00Z&ToUtc=2026-04-21T22:00:00Z')
})

test('a window outside is empty, one too long is refused, another path is unknown', async () => {
  if (jao === undefined) return
  const outside = await ask(Date.UTC(2026, 3, 23), Date.UTC(2026, 3, 24))
  expect(outside.body.toString()).toBe('{"data":[],"rejected":false,"messages":null}')
  expect((await ask(Date.UTC(2026, 3, 20), Date.UTC(2026, 3, 23))).status).toBe(400)
  expect((await fetch(`${jao.url}/nordic/api/data/maxExchanges`)).status).toBe(404)
})

test('without the recording it says so and is undefined', async () => {
  const said = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  const empty = mkdtempSync(join(tmpdir(), 'tidemark-recordings-'))
  try {
    expect(await startRecordedJao(empty)).toBeUndefined()
    expect(said.mock.calls.flat().join()).toContain('NOT CHECKED')
  } finally {
    said.mockRestore()
    rmSync(empty, { recursive: true })
  }
})
