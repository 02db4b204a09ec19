import { afterEach, expect, test, vi } from 'vitest'
import type { EngineOutcome } from '#core/alerts/engine.ts'
import type { Instance } from '#core/alerts/query-instances.ts'
import { ruleSchema } from '#core/alerts/rule.ts'
import { createLogger } from '#platform/process/log.ts'
import { TransientError } from '#platform/process/transient-error.ts'
import { UserError } from '#platform/process/user-error.ts'
import { judgeQueries, type QueryJudge } from './judge-queries.ts'

const log = createLogger('test', 'silent')
const row = (key: string): Instance => ({ key, value: 1, detail: null })
const rule = (id: string, owner = 'us') =>
  ruleSchema.parse({ id, title: id, owner, when: { sql: 'SELECT 1', every: 'PT15S' } })

let judge: QueryJudge | undefined
afterEach(() => judge?.stop())

interface Asked {
  atMs: number
  signal: AbortSignal
  answer: (rows: Instance[] | Error) => void
}

/** A judge whose store answers when the test says so, and whose Kafka is away as often as `refusals` says. */
function openJudge(options: { refusals?: number; ids?: [id: string, owner: string][] } = {}) {
  const asked: Asked[] = []
  const told: string[] = []
  const crashes: Error[] = []
  let refusals = options.refusals ?? 0
  let rulesVersion = 1
  let version = 1
  const ids = options.ids ?? [['r', 'us']]
  judge = judgeQueries({
    ...{ rulesVersion: () => rulesVersion, share: 0.05, nowMs: Date.now, log, crash: (error) => crashes.push(error) },
    rules: () => new Map(ids.map(([id, owner]) => [id, { rule: rule(id, owner), version, isDeleted: false }])),
    readTold: async () => ({ states: [], seen: new Map() }),
    ask: (_, atMs, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
        asked.push({ atMs, signal, answer: (rows) => (rows instanceof Error ? reject(rows) : resolve(rows)) })
      }),
    publish: async ({ transitions }: EngineOutcome) => {
      if (refusals-- > 0) throw new TransientError('Kafka is away')
      told.push(...transitions.map(({ kind, key, rule: { version: of } }) => `${kind} ${key} v${of}`))
    },
    onAsked: () => undefined,
    onStretch: () => undefined,
  })
  const change = (): void => {
    rulesVersion++
    version++
  }
  return { judge, asked, told, crashes, change }
}

const until = (condition: () => void) => vi.waitFor(condition, { timeout: 5_000, interval: 10 })

test('nothing is asked before it is assigned, and what is asked is given up when it is assigned no longer', async () => {
  const { judge: own, asked, told, crashes } = openJudge()
  own.onAssigned(undefined)
  own.onAssigned(() => true)
  await until(() => expect(asked).toHaveLength(1))
  own.onAssigned(undefined)
  expect(asked[0]?.signal.aborted).toBe(true)
  asked[0]?.answer([row('AT')])
  own.onAssigned(() => true)
  await until(() => expect(asked).toHaveLength(2))
  expect([told, crashes]).toEqual([[], []])
})

test('what Kafka did not acknowledge is told again, and nothing is asked meanwhile', async () => {
  const {
    judge: own,
    asked,
    told,
  } = openJudge({
    refusals: 1,
    ids: [
      ['r', 'us'],
      ['s', 'us'],
    ],
  })
  own.onAssigned(() => true)
  await until(() => expect(asked).toHaveLength(1))
  asked[0]?.answer([row('AT')])
  await until(() => expect(told).toEqual(['firing AT v1']))
  await until(() => expect(asked).toHaveLength(2))
})

test('queries of one owner run one after the other, and those of others beside them', async () => {
  const { judge: own, asked } = openJudge({
    ids: [
      ['a', 'us'],
      ['b', 'us'],
      ['c', 'them'],
    ],
  })
  own.onAssigned(() => true)
  await until(() => expect(asked).toHaveLength(2))
  asked[0]?.answer([])
  await until(() => expect(asked).toHaveLength(3))
})

test('an answer that comes after the rule was changed tells nothing', async () => {
  const { judge: own, asked, told, change } = openJudge()
  own.onAssigned(() => true)
  await until(() => expect(asked).toHaveLength(1))
  change()
  await until(() => expect(own.status()).toMatchObject([{ version: 2 }]))
  asked[0]?.answer([row('AT')])
  await until(() => expect(asked).toHaveLength(2))
  asked[1]?.answer([row('BE')])
  await until(() => expect(told).toEqual(['firing BE v2']))
})

test('a query that fails says so in its status; an error of the code ends the process', async () => {
  const {
    judge: own,
    asked,
    crashes,
  } = openJudge({
    ids: [
      ['a', 'us'],
      ['b', 'them'],
    ],
  })
  own.onAssigned(() => true)
  await until(() => expect(asked).toHaveLength(2))
  asked[0]?.answer(new UserError('The store says: no'))
  await until(() => expect(own.status()).toMatchObject([{ rule: 'a', failure: 'The store says: no' }, { rule: 'b' }]))
  expect(crashes).toEqual([])
  asked[1]?.answer(new TypeError('x is not a function'))
  await until(() => expect(crashes).toEqual([new TypeError('x is not a function')]))
})

test('whoever may no longer ask tells nothing of what it asked, and reads what was told when it is assigned again', async () => {
  const { judge: own, asked, told } = openJudge()
  let isHeld = true
  own.onAssigned(() => isHeld)
  await until(() => expect(asked).toHaveLength(1))
  isHeld = false
  asked[0]?.answer([row('AT')])
  const again = (): boolean => true
  own.onAssigned(again)
  await until(() => expect(asked).toHaveLength(2))
  expect(told).toEqual([])
  // The same assignment changes nothing.
  own.onAssigned(again)
  asked[1]?.answer([row('BE')])
  await until(() => expect(told).toEqual(['firing BE v1']))
})

test('what fires by a rule that has no query any more is resolved, also if no other rule has one', async () => {
  const episode = { onsetMs: 0, firedMs: 0, endsMs: null, isSilent: false, firingId: 'first' }
  const state = { ruleId: 'r', ruleVersion: 1, dataset: 'sql', key: 'AT', episodes: [episode], knownMs: 0 }
  const when = { value: '>', than: 1 }
  const now = ruleSchema.parse({ id: 'r', title: 'r', owner: 'us', of: { dataset: 'd', key: 'k' }, when })
  const told: string[] = []
  judge = judgeQueries({
    ...{
      rulesVersion: () => 1,
      share: 0.05,
      nowMs: Date.now,
      log,
      crash: (error) => expect.unreachable(error.message),
    },
    rules: () => new Map([['r', { rule: now, version: 2, isDeleted: false }]]),
    readTold: async () => ({ states: [state], seen: new Map() }),
    ask: () => expect.unreachable('no rule has a query'),
    publish: async ({ transitions }) => void told.push(...transitions.map(({ kind, key }) => `${kind} ${key}`)),
    onAsked: () => undefined,
    onStretch: () => undefined,
  })
  judge.onAssigned(() => true)
  await until(() => expect(told).toEqual(['resolved AT']))
})
