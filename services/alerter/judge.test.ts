import { expect, test } from 'vitest'
import { AlertEngine, type EngineOutcome } from '#core/alerts/engine.ts'
import { ruleSchema } from '#core/alerts/rule.ts'
import { WindowWatch } from '#core/alerts/window-watch.ts'
import type { ConsumedRecord, Subscription } from '#platform/kafka/process-batch.ts'
import type { Output } from '#platform/kafka/verdict.ts'
import type { AcceptedAnswer, CompletenessChange, TimeseriesSlice } from '#schemas/generated/records.ts'
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
  /** By topic: how much is committed of its partition 0. */
  committed: Record<string, number>
  readBuckets: JudgeParts['readBuckets']
  /** How often Kafka is away when something is published. */
  timesAway: number
}

const slicesTopic = 'kraken.timeseries'
const answersTopic = 'kraken.answers'

type Batch = ConsumedRecord<TimeseriesSlice>[]

const answer = (offset: number, knownMs: number): ConsumedRecord<AcceptedAnswer> => {
  const record = {
    ...{ dataset: 'kraken.ticker', requestIdentity: 'r', identity: 1, selector: null, windowStart: startMs },
    ...{ windowEnd: startMs + 86_400_000, knownAt: knownMs, transformVersion: 1, points: 0, keys: 0, contentHash: 'h' },
    ...{ replaces: true, raw: { partition: 0, offset: 0 } },
  }
  return { record, topic: answersTopic, partition: 0, offset: `${offset}`, headers: {} }
}

const batch = (
  first: number,
  slices: readonly TimeseriesSlice[],
  headers: Record<string, string> = {},
  partition = 0,
): Batch => slices.map((record, at) => ({ record, topic: slicesTopic, partition, offset: `${first + at}`, headers }))

const late: CompletenessChange = {
  ...{ dataset: 'kraken.ticker', requestIdentity: 'i', selector: null, windowStart: startMs, windowEnd: startMs + 1 },
  ...{ class: 'late', previousClass: 'complete', cause: 'upstream-unreachable', detail: null },
  ...{ since: startMs, at: startMs + 600_000, expectedBy: startMs },
}

function openJudge({
  committed = { [slicesTopic]: 1, [answersTopic]: 40 },
  readBuckets,
  timesAway = 0,
}: Partial<Opened> = {}) {
  let timesLeft = timesAway
  const starts: [slices: number | undefined, answers: number | undefined][] = []
  const published: Output[] = []
  const judgedAt: number[] = []
  let rulesVersion = 1
  const parts: JudgeParts = {
    rulesVersion: () => rulesVersion,
    start: async ({ next, told }) => {
      starts.push([next.get(slicesTopic, 0), next.get(answersTopic, 0)])
      const steps = [{ fromMs: 0, stepS: 10 }]
      const versions = [{ rule, version: 1 }]
      const engine = new AlertEngine(versions, (dataset, key) => ({ dataset, key, labels: {}, steps }), told)
      const outcome = starts.length > 1 ? ended : { transitions: [], states: [] }
      return { engine, windows: new WindowWatch(versions, told), outcome, asked: [bucket] }
    },
    readBuckets: readBuckets ?? (async () => []),
    publish: async (outputs) => {
      if (timesLeft-- > 0) throw new Error('Kafka is away')
      published.push(...outputs)
    },
    log: { warn: () => undefined },
    committed: async () => new Map(Object.entries(committed).map(([topic, offset]) => [topic, new Map([[0, offset]])])),
    afterSlices: async (_, offsets) => offsets.length,
    encode: ({ transitions }: EngineOutcome) =>
      transitions.map(({ kind, id }) => ({ topic: 'events', key: kind, value: Buffer.from(id) })),
    onJudged: (_, knownMs) => judgedAt.push(knownMs),
  }
  const judged = judgeSource('kraken', parts)
  const { slices, answers, windows } = judged
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
  const judgeWindow = (offset: number, change: Partial<CompletenessChange> = {}) => {
    const record = { ...late, ...change }
    return sentOf(windows.handle([{ record, topic: 'completeness', partition: 0, offset: `${offset}`, headers: {} }]))
  }
  const refresh = async (): Promise<string[]> => {
    published.length = 0
    await judged.refresh()
    return published.map(({ key, value }) => `${key} ${value}`)
  }
  const { onAssigned, engine } = judged
  const change = () => rulesVersion++
  return { judge, judgeAnswers, judgeWindow, refresh, onAssigned, engine, starts, judgedAt, change }
}

const kindsOf = (sent: readonly string[]): (string | undefined)[] => sent.map((each) => each.split(' ')[0])

test('what Kafka did not acknowledge is sent again with the next batch, the same and once', async () => {
  const { judge } = openJudge()
  const first = await judge(batch(0, [slice(0, 1), slice(1, 9)]), false)
  expect(first).toHaveLength(1)
  // The batch is delivered again, and then the next one comes.
  expect(await judge(batch(0, [slice(0, 1), slice(1, 9)]), false)).toEqual(first)
  const next = await judge(batch(2, [slice(2, 1)]))
  expect(kindsOf(next)).toEqual(['firing', 'resolved'])
  expect(next[0]).toBe(first[0])
  expect(await judge(batch(3, [slice(3, 1)]))).toEqual([])
})

test('after a gap in the offsets of any topic, and after a change of the rules, the source starts anew', async () => {
  const { judge, judgeAnswers, judgeWindow, starts, change } = openJudge()
  await judge(batch(0, [slice(0, 1)]))
  await judge(batch(1, [slice(1, 1)]))
  await judge(batch(7, [slice(7, 1)]))
  change()
  await judge(batch(7, [slice(7, 1), slice(8, 1)]))
  expect(starts.map(([slices]) => slices)).toEqual([0, 7, 8])
  await judgeAnswers([answer(40, startMs)])
  expect(starts).toHaveLength(3)
  await judgeAnswers([answer(42, startMs)])
  expect(starts.at(-1)).toEqual([1, 42])
  await judgeWindow(5)
  expect(starts).toHaveLength(5)
  await judgeWindow(6)
  expect(starts).toHaveLength(5)
  await judgeWindow(8)
  expect(starts).toHaveLength(6)
})

test('a point of now says that a dataset brings points again; a backfill and a replay do not', async () => {
  const { judge, judgeWindow } = openJudge()
  expect(kindsOf(await judgeWindow(0))).toEqual(['unknown'])
  const now = slice(9_000, 1)
  await judge(batch(1, [slice(0, 1, { knownAt: now.knownAt })]))
  expect(await judge(batch(2, [slice(8_999, 1)], { replay: 'r1' }))).toEqual([])
  expect(kindsOf(await judge(batch(3, [now])))).toEqual(['known'])
})

test('windows of other sources are passed over', async () => {
  const { judgeWindow, judgedAt } = openJudge()
  expect(await judgeWindow(0, { dataset: 'binance.ticker24hr' })).toEqual([])
  expect(judgedAt).toEqual([])
})

test('an answer takes back what fired at points that it no longer names; the same answer again does nothing', async () => {
  const { judge, judgeAnswers, starts, change } = openJudge()
  expect(await judge(batch(0, [slice(0, 9)]))).toHaveLength(1)
  const told = await judgeAnswers([answer(40, startMs + 60)])
  expect(kindsOf(told)).toEqual(['cancelled'])
  expect(await judgeAnswers([answer(40, startMs + 60)])).toEqual([])
  // An engine that starts anew takes the answers again that were judged, also before that is committed.
  change()
  await judge(batch(1, [slice(1, 1)]))
  expect(starts.map(([, answers]) => answers)).toEqual([40, 41])
})

test('answers that come before any slice start an engine where the slices are committed', async () => {
  const { judge, judgeAnswers, starts } = openJudge({ committed: { [slicesTopic]: 3 } })
  expect(await judgeAnswers([answer(40, startMs)])).toEqual([])
  await judge(batch(3, [slice(3, 1)]))
  expect(starts).toEqual([[3, 40]])
})

test('the partitions of a source are judged by one engine', async () => {
  const { judge, engine, starts } = openJudge()
  await judge(batch(0, [slice(0, 1)]))
  const first = engine()
  // Nothing is committed of the other partition: the source is started once more, and then held.
  await judge(batch(0, [slice(1, 1, { key: 'B.last' })], {}, 1))
  const second = engine()
  expect(second).not.toBe(first)
  await judge(batch(1, [slice(2, 1)]))
  await judge(batch(1, [slice(3, 1, { key: 'B.last' })], {}, 1))
  expect(engine()).toBe(second)
  expect(starts).toHaveLength(2)
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
  expect(starts.map(([slices]) => slices)).toEqual([0, 1])
})

test('what a change of the rules tells waits for Kafka, and is told once', async () => {
  const { judge, refresh, change } = openJudge({ timesAway: 1 })
  await judge(batch(0, [slice(0, 1)]))
  change()
  await expect(refresh()).rejects.toThrow('Kafka is away')
  expect(await refresh()).toEqual(['resolved end'])
  expect(await refresh()).toEqual([])
})

test('a source that another alerter judges now is let go', async () => {
  const { judge, refresh, change, onAssigned, engine } = openJudge()
  await judge(batch(0, [slice(0, 1)]))
  onAssigned({ [slicesTopic]: [0] })
  expect(engine()).toBeDefined()
  onAssigned({})
  change()
  expect(await refresh()).toEqual([])
  expect(engine()).toBeUndefined()
})
