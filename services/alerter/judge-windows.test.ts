import { expect, test } from 'vitest'
import type { EngineOutcome, ToldState } from '#core/alerts/engine.ts'
import { ruleSchema } from '#core/alerts/rule.ts'
import type { ConsumedRecord } from '#platform/kafka/process-batch.ts'
import type { CompletenessChange } from '#schemas/generated/records.ts'
import { judgeWindows } from './judge-windows.ts'

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

/** A judge of a process that begins after `states` were told. */
function openJudge(states: ToldState[], of: object = rule.of) {
  const told: EngineOutcome[] = []
  const judge = judgeWindows({
    versions: () => [{ rule: { ...rule, of: { ...rule.of, ...of } }, version: 1 }],
    readTold: async () => states,
    encode: () => [],
    onJudged: (outcome) => told.push(outcome),
  })
  const take = async (record: CompletenessChange) =>
    judge.subscription.handle([{ record } as ConsumedRecord<CompletenessChange>])
  return { ...judge, take, told }
}

test('a dataset that was told to bring nothing is known by the first point after a restart, and by no second one', async () => {
  const before = openJudge([])
  await before.take(late)
  const [unknown] = before.told
  const after = openJudge(unknown?.states ?? [])
  await after.begin()
  expect(after.heardOf(dataset, nowMs + 9_000)?.transitions).toMatchObject([
    { kind: 'known', onsetMs: nowMs, endsMs: nowMs + 9_000, firingId: unknown?.transitions[0]?.id },
  ])
  expect(after.heardOf(dataset, nowMs + 19_000)).toBeUndefined()
})

test('a slice of another day does not say that a day is there that is published ahead', async () => {
  const ahead = 'jao.core.maxExchanges'
  const judge = openJudge([], { dataset: ahead, key: '*' })
  await judge.take({ ...late, dataset: ahead })
  expect(judge.told.flatMap(({ transitions }) => transitions.map(({ kind }) => kind))).toEqual(['unknown'])
  expect(judge.heardOf(ahead, nowMs + 9_000)).toBeUndefined()
  await judge.take({
    ...late,
    dataset: ahead,
    class: 'complete',
    previousClass: 'late',
    cause: null,
    at: nowMs + 10_000,
  })
  expect(judge.told.at(-1)?.transitions.map(({ kind }) => kind)).toEqual(['known'])
})

test('whichever point comes first after a crash, that data is there again has one id', async () => {
  const before = openJudge([])
  await before.take(late)
  const [unknown] = before.told
  const ids = [9_000, 19_000].map(async (laterMs) => {
    const after = openJudge(unknown?.states ?? [])
    await after.begin()
    return after.heardOf(dataset, nowMs + laterMs)?.transitions[0]?.id
  })
  const [first, second] = await Promise.all(ids)
  expect(first).toMatch(/^[0-9a-f]{32}$/)
  expect(second).toBe(first)
})
