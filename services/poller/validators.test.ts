import { expect, test } from 'vitest'
import { noMemory } from '#core/poll-memory.ts'
import type { KnownIdentity } from './memory.ts'
import { validatorsFor } from './validators.ts'

const at = (text: string) => Date.parse(text)
const known = (lastGood: string | null): KnownIdentity => ({
  memory: { ...noMemory, etag: '"1"', lastModified: 'Mon', lastGoodFetchedAt: lastGood === null ? null : at(lastGood) },
  host: 'h',
  polledAtMs: at('2026-04-21T08:00:00Z'),
  polledMonotonicMs: 0,
  windowStartMs: 0,
})
const none = { etag: null, lastModified: null }

test('the first good answer of a UTC day is a full one, whatever validators are held; later ones may be a 304', () => {
  const now = at('2026-04-21T09:00:00Z')
  expect(validatorsFor('h', known('2026-04-20T23:59:59.999Z'), now)).toEqual(none)
  expect(validatorsFor('h', known('2026-04-21T00:00:00Z'), now)).toEqual({ etag: '"1"', lastModified: 'Mon' })
})

test('a failed first poll of the day changes nothing: the next one asks for all of it too', () => {
  const failed = known('2026-04-20T10:00:00Z')
  failed.memory.failures = 1
  expect(validatorsFor('h', failed, at('2026-04-21T09:00:00Z'))).toEqual(none)
})

test('no validators are sent that another host gave, or without a good answer', () => {
  const now = at('2026-04-21T09:00:00Z')
  expect(validatorsFor('other', known('2026-04-21T08:00:00Z'), now)).toEqual(none)
  expect(validatorsFor('h', undefined, now)).toEqual(none)
  expect(validatorsFor('h', known(null), now)).toEqual(none)
})
