import { expect, test } from 'vitest'
import type { CompletenessChange } from '#schemas/generated/records.ts'
import type { ToldState } from './engine.ts'
import { ruleSchema } from './rule.ts'
import { knownTransitions, windowTransitions } from './window-transitions.ts'

const dayMs = 86_400_000
const startMs = Date.parse('2026-11-28T23:00:00Z')
const dueMs = startMs - 10 * 3_600_000

const versionOf = (when: object, dataset = 'jao.*') => ({
  rule: ruleSchema.parse({ id: 'r', title: 't', owner: 'o', of: { dataset }, when }),
  version: 3,
})

const change = (more: Partial<CompletenessChange>): CompletenessChange => ({
  ...{ dataset: 'jao.core.netPos', requestIdentity: 'x', selector: null, windowStart: startMs },
  ...{ windowEnd: startMs + dayMs, class: 'late', previousClass: 'not-yet-due', cause: 'upstream-empty', detail: null },
  ...{ since: dueMs, at: dueMs + 60_000, expectedBy: dueMs - 1_800_000, ...more },
})

/** Plays changes to a rule, and returns what is told: kind, key, and why. */
function play(when: object, changes: Partial<CompletenessChange>[], isSilent = true) {
  const told = new Map<string, ToldState>()
  return changes.flatMap((each) => {
    const find = (id: string, dataset: string, key: string) => told.get(`${id}/${dataset}/${key}`)
    const { transitions, states } = windowTransitions([versionOf(when)], change(each), find, isSilent)
    for (const state of states) told.set(`${state.ruleId}/${state.dataset}/${state.key}`, state)
    return transitions.map(({ kind, key, detail, firingId }) => [kind, key, detail, firingId !== null])
  })
}

const complete = { class: 'complete', previousClass: 'late', cause: null }
const key = '@2026-11-28T23:00:00.000Z'

test('a window that is late fires once with its cause, and resolves when it is there', () => {
  const changes = [change({}), change({ cause: 'upstream-unreachable' }), change(complete)]
  expect(play({ becomes: 'late' }, changes)).toEqual([
    ['firing', key, 'late: upstream-empty', false],
    ['resolved', key, null, true],
  ])
})

test('a window that is published happens once; a backfill of old days alerts nobody', () => {
  const published = { ...complete, previousClass: 'not-yet-due' }
  expect(play({ becomes: 'published' }, [published])).toEqual([['happened', key, 'complete', false]])
  expect(play({ becomes: 'published' }, [{ ...complete, previousClass: 'complete' }])).toEqual([])
  expect(play({ becomes: 'published' }, [{ ...published, previousClass: null }])).toEqual([])
  expect(play({ becomes: 'published' }, [{ ...published, since: startMs + 3 * dayMs }])).toEqual([])
})

test('a window that is taken back is told', () => {
  expect(play({ becomes: 'retracted' }, [{ class: 'retracted', previousClass: 'complete', cause: null }])).toEqual([
    ['happened', key, 'retracted', false],
  ])
})

test('a rule on values is unknown while its dataset brings nothing, and known when a window is complete', () => {
  const when = { value: '>', than: 1 }
  expect(play(when, [change({}), change({ windowStart: startMs - dayMs }), change(complete)])).toEqual([
    ['unknown', '', 'late: upstream-empty', false],
    ['known', '', null, true],
  ])
  // A lost tick among others is not the silence of a source.
  expect(play(when, [{ class: 'lost', cause: 'upstream-error' }], false)).toEqual([])
})

test('a slice makes known again what was unknown, and nothing else', () => {
  const version = versionOf({ value: '>', than: 1 })
  const episode = { onsetMs: dueMs, firedMs: dueMs, endsMs: null, isSilent: false, firingId: 'f' }
  const state = {
    ruleId: 'r',
    ruleVersion: 3,
    dataset: 'jao.core.netPos',
    key: '',
    episodes: [episode],
    knownMs: dueMs,
  }
  const { transitions, states } = knownTransitions([version], 'jao.core.netPos', dueMs + 5, () => state)
  expect(transitions).toMatchObject([{ kind: 'known', firingId: 'f', onsetMs: dueMs, endsMs: dueMs + 5 }])
  expect(states).toMatchObject([{ ...state, episodes: [], knownMs: expect.any(Number) }])
  expect(knownTransitions([version], 'jao.core.netPos', dueMs, () => undefined).transitions).toEqual([])
})

test('a rule of other datasets is left alone', () => {
  const other = versionOf({ becomes: 'late' }, 'kraken.*')
  expect(windowTransitions([other], change({}), () => undefined, true)).toEqual({ transitions: [], states: [] })
})
