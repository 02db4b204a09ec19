import { expect, test } from 'vitest'
import { answerEncoder } from '#core/encode-answer.ts'
import type { StoredRaw } from '#core/explode-raw.ts'
import { dead } from '#platform/kafka/verdict.ts'
import { TransientError } from '#platform/process/transient-error.ts'
import type { Parking, RawResponse } from '#schemas/generated/records.ts'
import type { Answer, Dataset, ExplodeResult, Source } from '#sources/source.ts'
import { answersHandler } from './handle.ts'
import { createParkingGuard } from './parking.ts'
import { statusOf } from './status.ts'

const limit = { inARow: 3, share: 0.5, ofLast: 20, atLeast: 10 }
const raw = (dataset: string, offset: number, partition = 0): StoredRaw => ({
  record: {
    dataset,
    requestIdentity: `${dataset}/${partition}/${offset}`,
    fetchedAt: 0,
    url: `${dataset} ${offset}`,
    body: Buffer.from(''),
  } as RawResponse,
  partition,
  offset: `${offset}`,
})
const from = (dataset: string, first: number, count: number) =>
  Array.from({ length: count }, (_, index) => raw(dataset, first + index))

const nothing = { encode: () => Buffer.from('') }
const outputs = {
  raw: nothing,
  timeseries: { topic: 'slices', ...nothing },
  series: { topic: 'meanings', ...nothing },
  answers: { topic: 'answers', ...nothing },
  own: new Map(),
}

/** A handler whose dataset `bad` refuses every answer, and the parking records. */
function judgeOf(over: { park?: (parking: Parking) => Promise<void> } = {}) {
  const parkings = new Map<string, Parking>()
  const seen: string[] = []
  const explode =
    (name: string) =>
    ({ url }: Answer): ExplodeResult => {
      seen.push(`${url}`)
      const refusal = { reason: 'type' as const, message: 'no number' }
      return { slices: [], ignored: {}, ...(name === 'bad' && { refusal }) }
    }
  const datasetOf = (name: string) =>
    ({ name, transformVersion: 1, explode: explode(name), asking: { assess: () => 'empty' } }) as unknown as Dataset
  const park = async (parking: Parking) => {
    await over.park?.(parking)
    parkings.set(parking.dataset, parking)
  }
  const judge = answersHandler({
    datasets: new Map(['bad', 'good'].map((name) => [name, datasetOf(name)])),
    encoder: answerEncoder(outputs),
    sizeCheck: async () => () => undefined,
    guard: createParkingGuard({ parked: (dataset) => parkings.get(dataset), park }, 'me', () => nowMs, limit),
    off: new Set(),
    countIgnored: () => {},
    countFlagged: () => {},
  })
  const reasons = async (batch: StoredRaw[]) =>
    (await judge(batch)).map((verdict) => (verdict.kind === 'dead' ? verdict.reason : 'ok'))
  return { reasons, judge, parkings, seen }
}

const nowMs = Date.parse('2026-04-20T12:00:00Z')

test('a dataset past its limit is parked in the middle of a batch; another goes on', async () => {
  const { reasons, parkings, seen } = judgeOf()
  const batch = [...from('bad', 0, 2), raw('good', 2), ...from('bad', 3, 3), ...from('good', 6, 2)]
  expect(await reasons(batch)).toEqual(['type', 'type', 'ok', 'type', 'parked', 'parked', 'ok', 'ok'])
  expect(parkings.get('bad')).toMatchObject({
    parked: true,
    reason: 'type',
    by: 'me',
    at: nowMs,
    message: '3 answers in a row were refused; the last: type: no number',
  })
  expect(seen).toEqual(['bad 0', 'bad 1', 'good 2', 'bad 3', 'good 6', 'good 7'])
})

test('one request that is refused at every tick does not park its dataset', async () => {
  const { reasons, parkings } = judgeOf()
  const ticks = from('bad', 0, 30).map((one, tick) => {
    const record = { ...one.record, requestIdentity: 'bad/ONE-USD', fetchedAt: tick * 10_000 }
    return { ...one, record }
  })
  expect(await reasons(ticks)).toEqual(new Array(30).fill('type'))
  expect(parkings.size).toBe(0)
  expect(await reasons(from('bad', 30, 3))).toEqual(['type', 'type', 'parked'])
})

test('a refusal because of parking says since when and why', async () => {
  const { judge, parkings } = judgeOf()
  parkings.set('x', { dataset: 'x', parked: true, reason: 'bug', message: 'it threw', by: 'somebody', at: 0 })
  expect(await judge([raw('x', 0)])).toEqual([
    dead('parked', 'x is parked since 1970-01-01T00:00:00.000Z: it threw', 'x'),
  ])
})

test('a parking record whose time is not a date breaks neither the guard nor the status', async () => {
  const { judge, parkings } = judgeOf()
  const parking = { dataset: 'x', parked: true, reason: 'bug', message: 'it threw', by: 'somebody', at: 9e15 }
  parkings.set('x', parking)
  const at = '9000000000000000 ms after 1970, which is not a date'
  expect(await judge([raw('x', 0)])).toEqual([dead('parked', `x is parked since ${at}: it threw`, 'x')])
  const source = { datasets: [{ name: 'x', transformVersion: 1 }] } as unknown as Source
  expect(statusOf([source], [parking], new Set()).parked).toMatchObject([{ dataset: 'x', at }])
})

test('a released dataset begins anew', async () => {
  const { reasons, parkings } = judgeOf()
  expect(await reasons(from('bad', 0, 4))).toEqual(['type', 'type', 'type', 'parked'])
  parkings.clear()
  expect(await reasons(from('bad', 4, 4))).toEqual(['type', 'type', 'type', 'parked'])
})

test('a redelivered batch counts once', async () => {
  const { reasons, parkings } = judgeOf()
  for (let times = 0; times < 10; times++) expect(await reasons([raw('bad', 7)])).toEqual(['type'])
  expect(parkings.size).toBe(0)
  expect(await reasons([raw('bad', 7, 1), raw('bad', 8), raw('bad', 9)])).toEqual(['type', 'type', 'parked'])
})

test('no verdict is given when the parking was not acknowledged', async () => {
  let away = true
  const { reasons, parkings } = judgeOf({
    park: async () => {
      if (away) throw new TransientError('Kafka is away')
    },
  })
  await expect(reasons(from('bad', 0, 4))).rejects.toThrow(TransientError)
  expect(parkings.size).toBe(0)
  away = false
  const again = await reasons(from('bad', 0, 4))
  expect(again.at(-1)).toBe('parked')
  expect(parkings.get('bad')?.parked).toBe(true)
})
