import { expect, test } from 'vitest'
import { AlertEngine, type EngineOutcome } from '#core/alerts/engine.ts'
import { ruleSchema } from '#core/alerts/rule.ts'
import type { ConsumedRecord, Subscription } from '#platform/kafka/process-batch.ts'
import type { Output } from '#platform/kafka/verdict.ts'
import type { AcceptedAnswer, TimeseriesSlice } from '#schemas/generated/records.ts'
import { type JudgeParts, judgeSource } from './judge.ts'

const stepMs = 10_000
const startMs = Date.UTC(2026, 10, 1)

const rule = ruleSchema.parse({
  ...{ id: 'r', title: 't', owner: 'o', of: { dataset: 'kraken.ticker', key: 'A.last' } },
  when: { value: '>', than: 5 },
})

function slice(at: number, value: number, partial: Partial<TimeseriesSlice> = {}): TimeseriesSlice {
  const start = startMs + at * stepMs
  return {
    ...{ dataset: 'kraken.ticker', key: 'A.last', windowStart: start, windowEnd: start + stepMs, start, step: 10 },
    ...{ values: [value], knownAt: start + 50, upstreamModifiedAt: null, transformVersion: 1, unit: 'USD', flags: [] },
    ...{ origin: 'live', raw: { partition: 0, offset: at }, identity: 1, ...partial },
  }
}

const bucket = { dataset: 'kraken.ticker', key: 'A.last', startMs }

/** What a start after a change of the rules tells. */
const ended = {
  transitions: [{ kind: 'resolved', id: 'end' }],
  states: [],
} as unknown as EngineOutcome

interface Opened {
  /** How many slices are committed. */
  committed: number
  readBuckets: JudgeParts['readBuckets']
}

type Batch = ConsumedRecord<TimeseriesSlice>[]

const answer = (offset: number, knownMs: number): ConsumedRecord<AcceptedAnswer> => {
  const record = {
    ...{ dataset: 'kraken.ticker', requestIdentity: 'r', identity: 1, selector: null, windowStart: startMs },
    ...{ windowEnd: startMs + 86_400_000, knownAt: knownMs, transformVersion: 1, points: 0, keys: 0, contentHash: 'h' },
    ...{ replaces: true, raw: { partition: 0, offset: 0 } },
  }
  return { record, topic: 'kraken.answers', partition: 0, offset: `${offset}`, headers: {} }
}

const batch = (first: number, slices: readonly TimeseriesSlice[], headers: Record<string, string> = {}): Batch =>
  slices.map((record, at) => ({ record, partition: 0, offset: `${first + at}`, headers }) as unknown as Batch[number])

function openJudge({ committed = 1, readBuckets = async () => [] }: Partial<Opened> = {}) {
  const starts: number[] = []
  const answersStarts: number[] = []
  const published: Output[] = []
  const heard: number[] = []
  let rulesVersion = 1
  const parts: JudgeParts = {
    rulesVersion: () => rulesVersion,
    start: async ({ offset, answersOffset, told }) => {
      starts.push(offset)
      answersStarts.push(answersOffset)
      const steps = [{ fromMs: 0, stepS: 10 }]
      const engine = new AlertEngine(
        [{ rule, version: 1 }],
        (dataset, key) => ({ dataset, key, labels: {}, steps }),
        told,
      )
      return { engine, outcome: starts.length > 1 ? ended : { transitions: [], states: [] }, asked: [bucket] }
    },
    readBuckets,
    publish: async (outputs) => void published.push(...outputs),
    log: { warn: () => undefined },
    committed: async (topic) => new Map([[0, topic === 'kraken.answers' ? 40 : committed]]),
    afterSlices: async (_, offsets) => offsets.length,
    encode: ({ transitions }: EngineOutcome) =>
      transitions.map(({ kind, id }) => ({ topic: 'events', key: kind, value: Buffer.from(id) })),
    heardOf: (_, knownMs) => {
      heard.push(knownMs)
      return undefined
    },
    onJudged: () => undefined,
  }
  const judged = judgeSource('kraken', parts)
  const { slices, answers } = judged
  /** Returns what a batch sends; `acknowledge` says whether Kafka takes it. */
  const sentOf = async (handled: ReturnType<Subscription['handle']>, acknowledge = true): Promise<string[]> => {
    const verdicts = await handled
    const last = verdicts.at(-1)
    if (last === undefined || !('outputs' in last)) return []
    if (acknowledge) last.onAcknowledged?.()
    return last.outputs.map(({ key, value }) => `${key} ${value}`)
  }
  const judge = (records: Batch, acknowledge = true) => sentOf(slices.handle(records), acknowledge)
  const judgeAnswers = (records: ConsumedRecord<AcceptedAnswer>[]) => sentOf(answers.handle(records))
  const refresh = async (): Promise<string[]> => {
    published.length = 0
    await judged.refresh()
    return published.map(({ key, value }) => `${key} ${value}`)
  }
  const { onAssigned, engines } = judged
  return {
    judge,
    refresh,
    onAssigned,
    engines,
    judgeAnswers,
    starts,
    answersStarts,
    heard,
    change: () => rulesVersion++,
  }
}

test('what Kafka did not acknowledge is sent again with the next batch, the same and once', async () => {
  const { judge } = openJudge()
  const first = await judge(batch(0, [slice(0, 1), slice(1, 9)]), false)
  expect(first).toHaveLength(1)
  // The batch is delivered again, and then the next one comes.
  expect(await judge(batch(0, [slice(0, 1), slice(1, 9)]), false)).toEqual(first)
  const next = await judge(batch(2, [slice(2, 1)]))
  expect(next.map((each) => each.split(' ')[0])).toEqual(['firing', 'resolved'])
  expect(next[0]).toBe(first[0])
  expect(await judge(batch(3, [slice(3, 1)]))).toEqual([])
})

test('after a gap in the offsets, and after a change of the rules, an engine starts anew', async () => {
  const { judge, starts, change } = openJudge()
  await judge(batch(0, [slice(0, 1)]))
  await judge(batch(1, [slice(1, 1)]))
  await judge(batch(7, [slice(7, 1)]))
  change()
  await judge(batch(7, [slice(7, 1), slice(8, 1)]))
  expect(starts).toEqual([0, 7, 8])
})

test('a backfill and a replay do not say that the dataset brings points', async () => {
  const { judge, heard } = openJudge()
  const now = slice(9_000, 1)
  await judge(batch(0, [slice(0, 1, { knownAt: now.knownAt })]))
  await judge(batch(1, [slice(8_999, 1)], { replay: 'r1' }))
  expect(heard).toEqual([])
  await judge(batch(2, [now]))
  expect(heard).toEqual([now.knownAt])
})

test('an answer takes back what fired at points that it no longer names; the same answer again does nothing', async () => {
  const { judge, judgeAnswers, answersStarts, change } = openJudge()
  expect(await judge(batch(0, [slice(0, 9)]))).toHaveLength(1)
  const [told] = await judgeAnswers([answer(40, startMs + 60)])
  expect(told?.split(' ')[0]).toBe('cancelled')
  expect(await judgeAnswers([answer(40, startMs + 60)])).toEqual([])
  // An engine that starts anew takes the answers again that were judged, also before that is committed.
  change()
  await judge(batch(1, [slice(1, 1)]))
  expect(answersStarts).toEqual([40, 41])
})

test('answers that come before any slice start an engine where the slices are committed', async () => {
  const { judge, judgeAnswers, starts } = openJudge({ committed: 3 })
  expect(await judgeAnswers([answer(40, startMs)])).toEqual([])
  await judge(batch(3, [slice(3, 1)]))
  expect(starts).toEqual([3])
})

test('points of long windows that the store did not give are asked for again with the next batch, and once', async () => {
  const wanted: unknown[] = []
  const { judge } = openJudge({
    readBuckets: async (buckets) => {
      wanted.push(buckets)
      if (wanted.length === 1) throw new Error('the store is away')
      return [{ bucket, points: [] }]
    },
  })
  for (let at = 0; at < 4; at++) await judge(batch(at, [slice(at, 1)]))
  expect(wanted).toEqual([[bucket], [bucket]])
})

test('a change of the rules is told without a slice, once', async () => {
  const { judge, refresh, change, starts } = openJudge()
  expect(await refresh()).toEqual([])
  await judge(batch(0, [slice(0, 1)]))
  change()
  expect(await refresh()).toEqual(['resolved end'])
  expect(await refresh()).toEqual([])
  expect(await judge(batch(1, [slice(1, 1)]))).toEqual([])
  expect(starts).toEqual([0, 1])
})

test('a partition that another alerter judges now is let go', async () => {
  const { judge, refresh, change, onAssigned, engines } = openJudge()
  await judge(batch(0, [slice(0, 1)]))
  onAssigned({ 'kraken.timeseries': [0] })
  expect(engines()).toHaveLength(1)
  onAssigned({})
  change()
  expect(await refresh()).toEqual([])
  expect(engines()).toEqual([])
})
