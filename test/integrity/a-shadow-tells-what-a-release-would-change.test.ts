// Two shadows beside the normalizer of one real chain: of the same code, and of a copy whose explode was changed.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { highWatermarks } from '#platform/kafka/consumer-lag.ts'
import { rawResponseSchema, timeseriesSliceSchema } from '#schemas/generated/records.ts'
import { createUpstream } from '#simulator/jao/upstream.ts'
import { slice } from '../store/slices.ts'
import { anotherRelease } from '../support/another-release.ts'
import { rawResponse } from '../support/raw-responses.ts'
import type { ServiceProcess } from '../support/service-process.ts'
import { eventually } from './poller-parts.ts'
import { windowOf } from './simulator-client.ts'
import { type Chain, dataset, startChain } from './whole-chain.ts'

let chain: Chain
let changed: ReturnType<typeof anotherRelease>
let shadows: { same: ServiceProcess; changed: ServiceProcess }
const upstream = createUpstream(9)
const atMs = Date.parse('2026-05-20T08:00:00Z')
const refusedDay = '2026-05-06'

// One border doubled; one day refused that production takes; a page for people read that production refuses.
const changedExplode = `explode: (answer) => {
    if (answer.body[0] === 60) return { slices: [{ key: 'page', startMs: 0, stepS: 3600, values: [1], flags: [] }], ignored: {} }
    if (answer.window.startMs === ${windowOf(refusedDay).startMs})
      return { slices: [], refusal: { reason: 'step', message: 'not this day' }, ignored: {} }
    const explosion = explodePeriodRows(rows, answer)
    for (const slice of explosion.slices)
      if (slice.key === 'border_BE_FR') slice.values = slice.values.map((value) => value && value * 2)
    return explosion
  },`

beforeAll(async () => {
  chain = await startChain()
  changed = anotherRelease([
    {
      file: 'sources/jao/period-dataset.ts',
      from: 'explode: (answer) => explodePeriodRows(rows, answer),',
      to: changedExplode,
    },
  ])
})
afterAll(async () => {
  await chain?.stop()
  changed?.remove()
})

async function writeRaw(day: string, body?: Buffer): Promise<void> {
  const { startMs, endMs } = windowOf(day)
  const answer = rawResponse({ startMs, endMs }, body ?? upstream.body(startMs, endMs, atMs), atMs)
  const encode = await chain.registry.encoder('jao.raw', rawResponseSchema)
  await chain.producer.send('jao.raw', [{ key: answer.requestIdentity, value: encode(answer) }])
}

/** What a replay would write of the next answer of each partition of raw: a series that nobody else knows. */
async function writeReplayedSlices(): Promise<void> {
  const encode = await chain.registry.encoder('jao.timeseries', timeseriesSliceSchema)
  const next = await highWatermarks(chain.kafka, 'jao.raw')
  const told = { dataset, key: 'replayed', start: '2026-05-04T22:00:00Z', values: [7], knownAt: '2026-05-20T08:00:00Z' }
  const records = [...next].map(([partition, offset]) => {
    const value = encode({ ...slice(told), raw: { partition, offset } })
    return { key: told.key, value, headers: { replay: 'some-id' } }
  })
  await chain.producer.send('jao.timeseries', records)
}

interface Status {
  transformVersions: Record<string, number>
  datasets: Record<string, Record<string, number>>
  examples: Record<string, unknown>[]
}
const statusOf = async ({ url }: ServiceProcess): Promise<Status> => (await fetch(`${url}/status`)).json() as never

/** What a shadow counts once it has compared so many answers. */
const compared = (shadow: ServiceProcess, answers: number): Promise<Status> =>
  eventually(`${answers} answers are compared`, async () => {
    const status = await statusOf(shadow)
    return (status.datasets[dataset]?.answers ?? 0) >= answers ? status : undefined
  })

const counts = (over: Record<string, number>) => ({
  answers: 0,
  same: 0,
  differing: 0,
  refusedHereOnly: 0,
  refusedThereOnly: 0,
  notCompared: 0,
  differingPoints: 0,
  ...over,
})

/** How many records each topic of the source holds, and rows each table. */
async function held() {
  const topics = ['jao.raw', 'jao.timeseries', 'jao.series', 'jao.dlq']
  const ends = await Promise.all(topics.map((topic) => highWatermarks(chain.kafka, topic)))
  const [rows] = await chain.query('SELECT toUInt32(count()) AS points FROM tidemark.points FINAL')
  const records = ends.map((end) => [...end.values()].reduce((sum, each) => sum + each, 0))
  return { records: Object.fromEntries(topics.map((topic, index) => [topic, records[index]])), rows }
}

test('the same code tells no difference, changed code exactly its own, and neither writes anything', async () => {
  await writeRaw('2026-05-04')
  await chain.settled()
  const start = (root?: string) =>
    chain.start('normalizer', {}, { parameters: ['--shadow'], ...(root !== undefined && { root }) })
  const [same, other] = await Promise.all([start(), start(changed.directory)])
  shadows = { same, changed: other }

  await writeReplayedSlices()
  await writeRaw('2026-05-05')
  await writeRaw(refusedDay)
  await writeRaw('2026-05-07', Buffer.from('<html>maintenance</html>'))
  await chain.settled()

  expect((await compared(same, 3)).datasets).toEqual({ [dataset]: counts({ answers: 3, same: 3 }) })
  const status = await compared(other, 3)
  expect(status.datasets).toEqual({
    [dataset]: counts({ answers: 3, differing: 1, refusedHereOnly: 1, refusedThereOnly: 1, differingPoints: 24 }),
  })
  const { hoursMs, columns, values } = upstream.expected('2026-05-05', atMs)
  const column = columns.findIndex(({ key }) => key === 'border_BE_FR')
  const value = values[0]?.[column] ?? 0
  const ts = new Date(hoursMs[0] ?? 0).toISOString()
  const told = status.examples.map(({ raw: _, ...example }) => example)
  expect(told).toContainEqual({ dataset, key: 'border_BE_FR', ts, production: value, shadow: 2 * value })
  expect(told).toContainEqual({ dataset, refusal: 'step: not this day' })
  expect(told).toContainEqual({ dataset, refusal: 'by production alone' })
  expect(await (await fetch(`${other.url}/metrics`)).text()).toMatch(
    /tidemark_shadow_differing_points_total\{dataset="jao\.core\.maxExchanges",service="normalizer-shadow"\} 24/,
  )
  expect(other.log()).toContain('compared with production')

  // Three days of 132 borders, two replayed slices of one point, a page refused by production: nothing of the shadows'.
  expect(await held()).toEqual({
    records: { 'jao.raw': 4, 'jao.timeseries': 3 * 132 + 2, 'jao.series': 132, 'jao.dlq': 1 },
    rows: { points: 3 * 132 * 24 + 1 },
  })
})

test('while production is away it waits, and compares when production is back', async () => {
  await chain.normalizer.kill('SIGTERM')
  await writeRaw('2026-05-08')
  await eventually('it says what it waits for', async () =>
    shadows.same.log().includes('the group normalizer has not done jao.raw') ? true : undefined,
  )
  expect((await statusOf(shadows.same)).datasets[dataset]).toMatchObject({ answers: 3 })
  await chain.start('normalizer')
  expect((await compared(shadows.same, 4)).datasets).toEqual({ [dataset]: counts({ answers: 4, same: 4 }) })
  expect((await compared(shadows.changed, 4)).datasets[dataset]).toMatchObject({ differing: 2, differingPoints: 48 })
})

test('when it is stopped it leaves nothing behind, not even its group', async () => {
  for (const shadow of [shadows.same, shadows.changed]) expect(await shadow.kill('SIGTERM')).toBe(0)
  const admin = chain.kafka.admin()
  await admin.connect()
  const { groups } = await admin.listGroups()
  await admin.disconnect()
  expect(groups.map(({ groupId }) => groupId).filter((name) => name.includes('shadow'))).toEqual([])
})
