// Two normalizers and two sinks share the four partitions of a source's topics. What each answer says is computed here from
// its body, by hand.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { withAdmin } from '#platform/kafka/client.ts'
import { offsetRange, readRanges } from '#platform/kafka/read-range.ts'
import { DecodeFailure } from '#platform/kafka/registry.ts'
import { rawResponseSchema, type TimeseriesSlice, timeseriesSliceSchema } from '#schemas/generated/records.ts'
import { addDays, businessDay } from '#simulator/jao/calendar.ts'
import { createUpstream } from '#simulator/jao/upstream.ts'
import { type Pipeline, startPipeline } from '../support/pipeline.ts'
import { rawResponse } from '../support/raw-responses.ts'

vi.setConfig({ testTimeout: 180_000 })

const firstDay = '2026-03-20'
const days = 30
const answersADay = 4
const firstKnownMs = Date.parse('2026-05-01T00:00:00Z')

let pipeline: Pipeline

beforeAll(async () => {
  pipeline = await startPipeline({ disposable: true })
  await withAdmin(pipeline.kafka, (admin) =>
    admin.createPartitions({
      topicPartitions: ['jao.raw', 'jao.timeseries'].map((topic) => ({ topic, count: 4 })),
    }),
  )
})
afterAll(() => pipeline?.stop())

/** By key and ts in s: the values of the answers to the day, oldest first. */
type Told = Map<string, number[]>

/** Returns the answers to some days, and what they say. The answer `n` adds `n` to each value. */
async function answers(day: string, count: number, firstMs: number, told: Told) {
  const upstream = createUpstream(1)
  const encode = await pipeline.registry.encoder('jao.raw', rawResponseSchema)
  const made = []
  for (let index = 0; index < count; index++) {
    const window = businessDay(addDays(day, index))
    const body = upstream.body(window.startMs, window.endMs, Date.parse('2027-01-01T00:00:00Z')).toString()
    for (let answer = 0; answer < answersADay; answer++) {
      const changed = body.replaceAll(/("border_\w+":)(\d+)/g, (_, name: string, value: string) => {
        return `${name}${Number(value) + answer}`
      })
      for (const row of JSON.parse(changed).data as Record<string, unknown>[]) {
        for (const [key, value] of Object.entries(row)) {
          if (!key.startsWith('border_')) continue
          const name = `${key} ${Date.parse(`${row.dateTimeUtc}`) / 1_000}`
          told.set(name, [...(told.get(name) ?? []), Number(value)])
        }
      }
      const raw = rawResponse(window, Buffer.from(changed), firstMs + answer * 1_000 + index)
      made.push({ answer, key: raw.requestIdentity, value: encode(raw) })
    }
  }
  return made.toSorted((one, other) => one.answer - other.answer)
}

const stored = async (table: string): Promise<number> => {
  const [row] = await pipeline.query<{ n: number }>(`SELECT toUInt32(count()) AS n FROM tidemark.${table} FINAL`)
  return row?.n ?? 0
}

test('nothing is lost, doubled or out of order, also when one of each is killed', async () => {
  const told: Told = new Map()
  const first = await answers(firstDay, days / 2, firstKnownMs, told)
  const second = await answers(addDays(firstDay, days / 2), days / 2, firstKnownMs, told)
  await pipeline.producer.send('jao.raw', first, { compress: true })
  const [sink] = await Promise.all([pipeline.start('sink'), pipeline.start('sink')])
  const [normalizer] = await Promise.all([pipeline.start('normalizer'), pipeline.start('normalizer')])
  await vi.waitFor(async () => expect(await stored('point_revisions')).toBeGreaterThan(1_000), { timeout: 60_000 })
  await Promise.all([sink?.kill(), normalizer?.kill()])
  await pipeline.producer.send('jao.raw', second, { compress: true })
  await Promise.all([pipeline.start('sink'), pipeline.start('normalizer')])

  const revisions = told.values().reduce((sum, values) => sum + values.length, 0)
  await vi.waitFor(async () => expect(await stored('stored_answers')).toBe(days * answersADay), {
    ...{ timeout: 120_000, interval: 500 },
  })
  expect([await stored('points'), await stored('point_revisions')]).toEqual([told.size, revisions])
  const newest = await pipeline.query<{ name: string; value: number }>(
    "SELECT concat(key, ' ', toString(toUnixTimestamp(ts))) AS name, value FROM tidemark.latest WHERE dataset = 'jao.core.maxExchanges'",
  )
  expect(new Map(newest.map(({ name, value }) => [name, value]))).toEqual(
    new Map(told.entries().map(([name, values]) => [name, values.at(-1)])),
  )
  const history = await pipeline.query<{ name: string; values: number[] }>(
    `SELECT concat(key, ' ', toString(toUnixTimestamp(ts))) AS name,
       arrayMap(pair -> pair.2, arraySort(groupArray((known_at, value)))) AS values
     FROM tidemark.point_revisions FINAL GROUP BY key, ts`,
  )
  expect(new Map(history.map(({ name, values }) => [name, values]))).toEqual(told)

  const partitionsOf = new Map<string, Set<number>>()
  const knownBy = new Map<string, number[]>()
  for (const { slice, partition } of await slices()) {
    partitionsOf.set(slice.key, (partitionsOf.get(slice.key) ?? new Set()).add(partition))
    const name = `${slice.key} ${slice.windowStart}`
    const known = knownBy.get(name) ?? []
    // After a kill the same slices come again.
    if (!known.includes(slice.knownAt)) knownBy.set(name, [...known, slice.knownAt])
  }
  expect(new Set([...partitionsOf.values()].flatMap((each) => [...each])).size).toBe(4)
  for (const [key, partitions] of partitionsOf) expect(partitions.size, key).toBe(1)
  for (const [name, known] of knownBy) expect(known, name).toEqual(known.toSorted((one, other) => one - other))
})

/** Returns all slices on the topic, in order within each partition. */
async function slices(): Promise<{ slice: TimeseriesSlice; partition: number }[]> {
  const decoder = pipeline.registry.decoder(timeseriesSliceSchema)
  const read: { slice: TimeseriesSlice; partition: number }[] = []
  const range = await offsetRange(pipeline.kafka, 'jao.timeseries')
  await readRanges(pipeline.kafka, 'jao.timeseries', range, async (records) => {
    await decoder.prepare(records.map(({ value }) => value))
    for (const { value, partition } of records) {
      const slice = decoder.decode(value)
      if (slice instanceof DecodeFailure) throw slice
      read.push({ slice, partition })
    }
  })
  return read
}
