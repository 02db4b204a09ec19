import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { sampleAnswers } from './sample-answers.ts'

const directory = mkdtempSync(join(tmpdir(), 'tidemark-samples-'))
const sources = pathToFileURL(`${directory}/`)
afterAll(() => rmSync(directory, { recursive: true }))

const told = {
  values: { k: 1 },
  points: [['k', '2026-01-01T00:00:00Z', null]],
  flagged: [['k', '2026-01-01T00:00:00Z', 'odd']],
}

function sample(source: string, name: string, asked: object, body: string | Buffer): void {
  const folder = join(directory, source, 'samples')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.asked.json`), JSON.stringify(asked))
  writeFileSync(join(folder, `${name}.body`), body)
}

test('samples of all sources are read with what was asked, their bytes as they are', () => {
  const window = { start: '2026-01-01T00:00:00Z', end: '2026-01-02T00:00:00Z' }
  const bytes = Buffer.from([0, 255, 13, 10])
  sample('b', 'plain', { dataset: 'b.x', window, status: 200, told }, bytes)
  sample('a', 'asked for one', { dataset: 'a.x', window, status: 400, selector: 'EUR', told }, '{}')
  const span = { startMs: Date.UTC(2026, 0, 1), endMs: Date.UTC(2026, 0, 2) }
  expect(sampleAnswers(sources)).toEqual([
    {
      ...{ dataset: 'a.x', name: 'sample asked for one', told },
      answer: { body: Buffer.from('{}'), status: 400, window: span, selector: 'EUR' },
    },
    { dataset: 'b.x', name: 'sample plain', told, answer: { body: bytes, status: 200, window: span } },
  ])
})

test('a sample that still says `subject` is read like one that says `selector`', () => {
  const window = { start: '2026-01-01T00:00:00Z', end: '2026-01-02T00:00:00Z' }
  sample('d', 'earlier', { dataset: 'd.x', window, subject: 'EUR', told }, '{}')
  expect(sampleAnswers(sources).map(({ dataset, answer }) => [dataset, answer.selector])).toContainEqual(['d.x', 'EUR'])
})

test('one that does not say what was asked is named', () => {
  sample('c', 'odd', { dataset: 'c.x', windows: [] }, '')
  expect(() => sampleAnswers(sources)).toThrow(/c\/samples\/odd\.asked\.json: /)
})
