import { expect, test } from 'vitest'
import type { Source } from '#sources/source.ts'
import { sampleQueries } from './sample-queries.ts'

const source = (name: string) =>
  ({
    name,
    datasets: [
      { name: `${name}.d`, schedule: 'on-demand' },
      { name: `${name}.e`, schedule: name === 'b' ? 'auto' : 'on-demand' },
    ],
  }) as Source
const now = Date.parse('2026-11-21T09:00:00Z')

test('the queries ask for the first dataset that is polled by itself, and name the stack where that is needed', () => {
  const queries = sampleQueries([source('b'), source('a')], now, " --data '/my data'")
  const key = "dataset = 'b.e' AND key = (SELECT min(key) FROM series WHERE dataset = 'b.e')"
  expect(queries.map(({ command }) => command)).toEqual([
    `npx tidemark query --data '/my data' "SELECT key, ts, value, known_at FROM latest WHERE ${key} ORDER BY ts DESC LIMIT 24"`,
    `npx tidemark query --data '/my data' "SELECT key, ts, value, known_at FROM as_of(at = '2026-11-20 09:00:00') WHERE ${key} ORDER BY ts DESC LIMIT 24"`,
    `npx tidemark query --data '/my data' "SELECT * FROM changes(since = '2026-11-21', until = '2026-11-22') ORDER BY known_at DESC LIMIT 24"`,
  ])
})

test('no query names a dataset that is switched off, as long as there is another', () => {
  const dataset = (...off: string[]) => {
    const overrides = new Map(off.map((name) => [name, 'off'] as const))
    return /dataset = '([^']+)'/.exec(
      sampleQueries([source('b'), source('a')], now, '', overrides)[0]?.command ?? '',
    )?.[1]
  }
  expect([dataset('b.e'), dataset('b.e', 'b.d'), dataset('b.e', 'b.d', 'a.d', 'a.e')]).toEqual(['b.d', 'a.d', 'b.d'])
})
