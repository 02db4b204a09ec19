import fc from 'fast-check'
import { expect, test } from 'vitest'
import { firstPublicationMs, republicationDelayMs } from './calendar.ts'
import { contentsOf } from './contents.ts'
import { type Command, type Edit, inForce, publicationsOf } from './publications.ts'
import { createUpstream } from './upstream.ts'

const HOUR_MS = 3_600_000
/** A day that seed 1 publishes once, and one that it publishes again. */
const days = Array.from({ length: 60 }, (_, index) => new Date(Date.UTC(2026, 3, 1 + index)).toISOString().slice(0, 10))
const quiet = days.find((day) => republicationDelayMs(1, day) === undefined)!
const restless = days.find((day) => republicationDelayMs(1, day) !== undefined)!
const firstMs = firstPublicationMs(1, quiet)
const table = (commands: Command[], atMs: number) => {
  const publication = inForce(publicationsOf(1, quiet, commands), atMs)!
  const { hoursMs, columns, values } = contentsOf(1, publication)
  return { hours: hoursMs.length, keys: columns.map(({ key }) => key), values, hoursMs }
}
const value = ({ keys, values }: ReturnType<typeof table>, hour: number, key: string) =>
  values[hour]![keys.indexOf(key)]

test('a day is published once, or again with about a tenth of its values changed', () => {
  expect(publicationsOf(1, quiet, [])).toMatchObject([{ revision: 0, cause: 'first', publishedAtMs: firstMs }])
  const [first, again] = publicationsOf(1, restless, [])
  expect(again).toMatchObject({ revision: 1, cause: 'natural' })
  const [before, after] = [contentsOf(1, first).values.flat(), contentsOf(1, again!).values.flat()]
  const changed = before.filter((old, index) => old !== after[index]).length
  expect(changed).toBeGreaterThan(before.length * 0.07)
  expect(changed).toBeLessThan(before.length * 0.13)
})

test('a command changes a published day from its instant on', () => {
  const at = (what: Command['what'], hours: number): Command => ({ day: quiet, atMs: firstMs + hours * HOUR_MS, what })
  const plain = table([], firstMs)
  const third = plain.hoursMs[3]!
  const commands = [
    at({ verb: 'revise', hourMs: third, key: 'border_AT_BE', value: 10, salt: 1 }, 1),
    at({ verb: 'revise', hourMs: third, key: 'border_AT_BE', value: null, salt: 2 }, 2),
    at({ verb: 'vanishKey', key: 'border_AT_CZ' }, 3),
    at({ verb: 'addKey', key: 'border_AT_XX' }, 4),
    at({ verb: 'vanishHour', hourMs: third }, 5),
    at({ verb: 'revise', key: 'border_AT_BE', salt: 6 }, 6),
  ]
  const after = (hours: number) => table(commands, firstMs + hours * HOUR_MS)
  expect(table(commands, firstMs + HOUR_MS - 1)).toEqual(plain)
  expect(value(after(1), 3, 'border_AT_BE')).toBe(10)
  expect(value(after(2), 3, 'border_AT_BE')).toBeNull()
  expect(after(3).keys).not.toContain('border_AT_CZ')
  expect(after(3).keys).toHaveLength(131)
  const added = after(4)
  expect(added.keys.indexOf('border_AT_XX')).toBe(added.keys.indexOf('border_AT_SK') + 1)
  expect(added.values.every((row) => row.length === 132)).toBe(true)
  expect(after(5)).toMatchObject({ hours: 23 })
  expect(after(5).hoursMs).not.toContain(third)
  const redrawn = after(6)
  expect(
    redrawn.values.every((_, hour) => value(redrawn, hour, 'border_AT_BE') !== value(after(5), hour, 'border_AT_BE')),
  ).toBe(true)
  expect(value(redrawn, 4, 'border_AT_DE')).toBe(value(after(5), 4, 'border_AT_DE'))
})

test('the first publication moves, and what was commanded before it is part of it', () => {
  const early: Command = { day: quiet, atMs: firstMs - 5 * HOUR_MS, what: { verb: 'publishNow' } }
  expect(publicationsOf(1, quiet, [early])).toMatchObject([{ publishedAtMs: early.atMs }])
  const late: Command = { day: quiet, atMs: firstMs - HOUR_MS, what: { verb: 'delay', minutes: 90 } }
  const gone: Command = { day: quiet, atMs: firstMs + HOUR_MS, what: { verb: 'vanishKey', key: 'border_AT_BE' } }
  const publications = publicationsOf(1, quiet, [late, gone])
  expect(publications).toMatchObject([{ revision: 0, publishedAtMs: firstMs + 90 * 60_000 }])
  expect(contentsOf(1, publications[0]).columns).toHaveLength(131)
})

const edits: fc.Arbitrary<Edit> = fc.oneof(
  fc.constant<Edit>({ verb: 'redraw' }),
  fc.record({ verb: fc.constant('revise' as const), key: fc.constant('border_AT_BE'), salt: fc.nat(99) }),
  fc.record({ verb: fc.constant('vanishKey' as const), key: fc.constantFrom('border_AT_BE', 'border_SK_SI') }),
  fc.record({ verb: fc.constant('addKey' as const), key: fc.constantFrom('border_AT_BE', 'border_ZZ_AA') }),
)
const whats: fc.Arbitrary<Command['what']> = fc.oneof(
  edits,
  fc.constant<Command['what']>({ verb: 'publishNow' }),
  fc.record({ verb: fc.constant('delay' as const), minutes: fc.integer({ min: 1, max: 600 }) }),
)
const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 5 * HOUR_MS }), whats), { maxLength: 12 })
const timed = (day: string, given: [number, Command['what']][]) => {
  let atMs = firstPublicationMs(1, day) - 4 * HOUR_MS
  return given.map(([later, what]): Command => {
    atMs += later
    return { day, atMs, what }
  })
}

test('publications ascend, are numbered without gaps, and no command changes what was published before it', () => {
  fc.assert(
    fc.property(fc.constantFrom(quiet, restless), steps, (day, given) => {
      const commands = timed(day, given)
      const all = publicationsOf(1, day, commands)
      expect(all.map(({ revision }) => revision)).toEqual(all.map((_, index) => index))
      expect(all.every((each, index) => index === 0 || each.publishedAtMs >= all[index - 1]!.publishedAtMs)).toBe(true)
      commands.forEach(({ atMs }, count) => {
        const then = inForce(publicationsOf(1, day, commands.slice(0, count)), atMs - 1)
        expect(inForce(all, atMs - 1)).toEqual(then)
      })
    }),
  )
})

test('ids run on: new ones for each publication, none used twice, none changed by what comes later', () => {
  const upstream = createUpstream(1)
  const before = days.flatMap((day) => upstream.history(day))
  const atMs = Date.UTC(2026, 5, 15)
  upstream.command({ day: quiet, atMs, what: { verb: 'redraw' } })
  upstream.command({ day: restless, atMs: atMs + 1, what: { verb: 'vanishKey', key: 'border_AT_BE' } })
  const after = days.flatMap((day) => upstream.history(day))
  expect(after).toHaveLength(before.length + 2)
  expect(after.filter(({ cause }) => cause !== 'command').map(({ firstId }) => firstId)).toEqual(
    before.map(({ firstId }) => firstId),
  )
  const ids = after.flatMap(({ firstId, day }) => {
    const { hoursMs } = upstream.expected(day, atMs)
    return hoursMs.map((_, index) => firstId + index)
  })
  expect(new Set(ids).size).toBe(ids.length)
  const inOrder = after.toSorted((one, other) => one.publishedAtMs - other.publishedAtMs)
  expect(inOrder.every(({ firstId }, index) => index === 0 || firstId > inOrder[index - 1]!.firstId)).toBe(true)
})

test('the same seed and commands give the same bytes, another seed other ones', () => {
  const commands = timed(quiet, [[6 * HOUR_MS, { verb: 'redraw' }]])
  const [fromMs, toMs, atMs] = [Date.parse(`${quiet}T00:00Z`), Date.parse(`${quiet}T12:00Z`), Date.UTC(2026, 8, 1)]
  const body = createUpstream(1, commands).body(fromMs, toMs, atMs)
  expect(createUpstream(1, commands).body(fromMs, toMs, atMs).equals(body)).toBe(true)
  expect(createUpstream(2, commands).body(fromMs, toMs, atMs).equals(body)).toBe(false)
})

test('a command given after the clock went back comes before the later one, also in what was served already', () => {
  const upstream = createUpstream(1)
  const [fromMs, toMs] = [Date.parse(`${quiet}T00:00Z`), Date.parse(`${quiet}T01:00Z`)]
  const set = (hours: number, value: number) =>
    upstream.command({
      day: quiet,
      atMs: firstMs + hours * HOUR_MS,
      what: { verb: 'revise', key: 'border_AT_BE', value, salt: value },
    })
  const served = (hours: number) => upstream.body(fromMs, toMs, firstMs + hours * HOUR_MS).toString()
  set(2, 222)
  expect(served(2)).toContain('"border_AT_BE":222.0000000000')
  set(1, 111)
  expect(served(1)).toContain('"border_AT_BE":111.0000000000')
  expect(served(2)).toContain('"border_AT_BE":222.0000000000')
})
