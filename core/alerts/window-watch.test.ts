import { expect, test } from 'vitest'
import type { CompletenessChange } from '#schemas/generated/records.ts'
import type { ToldState } from './engine.ts'
import { ruleSchema } from './rule.ts'
import { WindowWatch } from './window-watch.ts'

const nowMs = Date.UTC(2026, 10, 1)
const dataset = 'kraken.ticker'
const rule = ruleSchema.parse({
  ...{ id: 'r', title: 't', owner: 'o', of: { dataset, key: 'A.last' }, when: { value: '>', than: 5 } },
})

const late: CompletenessChange = {
  ...{ dataset, requestIdentity: 'i', selector: null, windowStart: nowMs - 60_000, windowEnd: nowMs },
  ...{ class: 'late', previousClass: 'complete', cause: 'upstream-unreachable', detail: null },
  ...{ since: nowMs, at: nowMs, expectedBy: nowMs },
}

/** A watch of a process that begins after `told`. */
const openWatch = (told: ToldState[] = [], of: object = {}, heardAtMs?: number): WindowWatch =>
  new WindowWatch(
    [{ rule: { ...rule, of: { ...rule.of, ...of } }, version: 1 }],
    told,
    new Map(heardAtMs === undefined ? [] : [[dataset, heardAtMs]]),
  )

test('a dataset that was told to bring nothing is known by the first point after a restart, and by no second one', () => {
  const unknown = openWatch().take(late)
  const after = openWatch(unknown.states)
  expect(after.heardOf(dataset, nowMs + 9_000)?.transitions).toMatchObject([
    { kind: 'known', onsetMs: nowMs, endsMs: nowMs + 9_000, firingId: unknown.transitions[0]?.id },
  ])
  expect(after.heardOf(dataset, nowMs + 19_000)).toBeUndefined()
})

test('what was told since the start is told by the next watch no more', () => {
  const before = openWatch()
  const unknown = before.take(late)
  expect(before.news()).toEqual(unknown.states)
  expect(openWatch(before.news()).take({ ...late, at: nowMs + 1 }).transitions).toEqual([])
})

test('a dataset of ticks that was heard of before a restart is not unknown by one late tick, and a silent one is', () => {
  // The ticks come every 10 s: patience is 60 s and three steps.
  expect(openWatch([], {}, nowMs - 90_000).take(late).transitions).toEqual([])
  expect(openWatch([], {}, nowMs - 90_001).take(late).transitions).toMatchObject([{ kind: 'unknown' }])
})

test('a slice of another day does not say that a day is there that is published ahead', () => {
  const ahead = 'jao.core.maxExchanges'
  const watch = openWatch([], { dataset: ahead, key: '*' })
  const kinds = (change: Partial<CompletenessChange>) =>
    watch.take({ ...late, dataset: ahead, ...change }).transitions.map(({ kind }) => kind)
  expect(kinds({})).toEqual(['unknown'])
  expect(watch.heardOf(ahead, nowMs + 9_000)).toBeUndefined()
  expect(kinds({ class: 'complete', previousClass: 'late', cause: null, at: nowMs + 10_000 })).toEqual(['known'])
})

test('whichever point comes first after a crash, that data is there again has one id', () => {
  const unknown = openWatch().take(late)
  const ids = [9_000, 19_000].map(
    (laterMs) => openWatch(unknown.states).heardOf(dataset, nowMs + laterMs)?.transitions[0]?.id,
  )
  expect(ids[0]).toMatch(/^[0-9a-f]{32}$/)
  expect(ids[1]).toBe(ids[0])
})
