import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { type RunningStore, startStore } from './running-store.ts'
import { insertSlices, lines, type SliceFields, slice } from './slices.ts'

// Each test tells a dataset of its own, in inserts of its own, and reads what traders read.

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
})
afterAll(() => running?.stop())

async function tell(dataset: string, ...told: Omit<SliceFields, 'dataset'>[]): Promise<void> {
  for (const each of told) await insertSlices(running.store, [slice({ dataset, ...each })])
}

const latest = (dataset: string) =>
  lines(
    running.reader,
    'SELECT key, ts, value, known_at, step_s, flags FROM tidemark.latest WHERE dataset = {dataset:String} ORDER BY key, ts',
    { dataset },
  )

const asOf = (dataset: string, at: string) =>
  lines(
    running.reader,
    'SELECT ts, value, known_at FROM tidemark.as_of(at = {at:String}) WHERE dataset = {dataset:String} ORDER BY key, ts',
    { dataset, at },
  )

const revisions = (dataset: string) =>
  lines(
    running.reader,
    `SELECT ts, previous_value, value, previous_known_at, known_at FROM tidemark.revisions
     WHERE dataset = {dataset:String} ORDER BY key, ts, known_at`,
    { dataset },
  )

const changes = (dataset: string, since: string, until: string) =>
  lines(
    running.reader,
    `SELECT ts, previous_value, value, known_at FROM tidemark.changes(since = {since:String}, until = {until:String})
     WHERE dataset = {dataset:String} ORDER BY key, ts, known_at`,
    { dataset, since, until },
  )

const day = '2026-04-20T00:00:00Z'

describe('a value', () => {
  it('is what the newest answer said; before our first answer there is nothing', async () => {
    await tell('revised', { start: day, values: [10, 11], knownAt: '2026-04-19T08:30:00.250Z', flags: ['implausible'] })
    await tell('revised', { start: day, values: [10, 12], knownAt: '2026-04-21T09:00:00.000Z' })

    expect(await latest('revised')).toEqual([
      'border_AT_BE\t2026-04-20 00:00:00\t10\t2026-04-21 09:00:00.000\t3600\t[]',
      'border_AT_BE\t2026-04-20 01:00:00\t12\t2026-04-21 09:00:00.000\t3600\t[]',
    ])
    expect(await asOf('revised', '2026-04-19 08:30:00.249')).toEqual([])
    const first = [
      '2026-04-20 00:00:00\t10\t2026-04-19 08:30:00.250',
      '2026-04-20 01:00:00\t11\t2026-04-19 08:30:00.250',
    ]
    expect(await asOf('revised', '2026-04-19 08:30:00.250')).toEqual(first)
    expect(await asOf('revised', '2026-04-21 08:59:59.999')).toEqual(first)
    expect(await asOf('revised', '2090-01-01 00:00:00')).toEqual([
      '2026-04-20 00:00:00\t10\t2026-04-21 09:00:00.000',
      '2026-04-20 01:00:00\t12\t2026-04-21 09:00:00.000',
    ])
    expect(await revisions('revised')).toEqual([
      '2026-04-20 01:00:00\t11\t12\t2026-04-19 08:30:00.250\t2026-04-21 09:00:00.000',
    ])
  })

  it('keeps the flags and the step of the answer that it comes from', async () => {
    const flags = (at: string) =>
      lines(running.reader, `SELECT value, step_s, flags FROM tidemark.as_of(at = '${at}') WHERE dataset = 'flagged'`)
    await tell('flagged', {
      start: day,
      stepS: 900,
      values: [1],
      knownAt: '2026-04-19T08:00:00Z',
      flags: ['step-changed', 'implausible'],
    })
    await tell('flagged', { start: day, stepS: 3600, values: [2], knownAt: '2026-04-19T09:00:00Z' })
    expect(await flags('2026-04-19 08:00:00')).toEqual(["1\t900\t['step-changed','implausible']"])
    expect(await flags('2026-04-19 09:00:00')).toEqual(['2\t3600\t[]'])
  })

  it('that was taken back is null, then and now, and both ways are revisions', async () => {
    await tell(
      'retracted',
      { start: day, values: [10], knownAt: '2026-04-19T08:00:00Z' },
      { start: day, values: [null], knownAt: '2026-04-19T09:00:00Z' },
    )
    expect(await latest('retracted')).toEqual([
      'border_AT_BE\t2026-04-20 00:00:00\t\\N\t2026-04-19 09:00:00.000\t3600\t[]',
    ])
    expect(await asOf('retracted', '2026-04-19 09:00:00')).toEqual([
      '2026-04-20 00:00:00\t\\N\t2026-04-19 09:00:00.000',
    ])
    expect(await asOf('retracted', '2026-04-19 08:59:59')).toEqual(['2026-04-20 00:00:00\t10\t2026-04-19 08:00:00.000'])

    await tell('retracted', { start: day, values: [10], knownAt: '2026-04-19T10:00:00Z' })
    expect(await revisions('retracted')).toEqual([
      '2026-04-20 00:00:00\t10\t\\N\t2026-04-19 08:00:00.000\t2026-04-19 09:00:00.000',
      '2026-04-20 00:00:00\t\\N\t10\t2026-04-19 09:00:00.000\t2026-04-19 10:00:00.000',
    ])
  })

  it('that first was null is published by its first number, which is no revision', async () => {
    await tell(
      'late',
      { start: day, values: [null], knownAt: '2026-04-19T08:00:00Z' },
      { start: day, values: [null], knownAt: '2026-04-19T09:00:00Z' },
      { start: day, values: [5], knownAt: '2026-04-19T10:00:00Z' },
      { start: day, values: [6], knownAt: '2026-04-19T11:00:00Z' },
    )
    expect(await revisions('late')).toEqual([
      '2026-04-20 00:00:00\t5\t6\t2026-04-19 10:00:00.000\t2026-04-19 11:00:00.000',
    ])
  })

  it('that goes 10, 20, 10 has two revisions, and repetitions in between none', async () => {
    await tell(
      'back',
      { start: day, values: [10], knownAt: '2026-04-19T08:00:00Z' },
      { start: day, values: [20], knownAt: '2026-04-19T09:00:00Z' },
      { start: day, values: [20], knownAt: '2026-04-19T10:00:00Z' },
      { start: day, values: [10], knownAt: '2026-04-19T11:00:00Z' },
    )
    expect(await revisions('back')).toEqual([
      '2026-04-20 00:00:00\t10\t20\t2026-04-19 08:00:00.000\t2026-04-19 09:00:00.000',
      '2026-04-20 00:00:00\t20\t10\t2026-04-19 10:00:00.000\t2026-04-19 11:00:00.000',
    ])
    // Both changes lie within the span, though as_of says 10 at both of its ends.
    expect(await changes('back', '2026-04-19 08:30:00', '2026-04-19 12:00:00')).toEqual([
      '2026-04-20 00:00:00\t10\t20\t2026-04-19 09:00:00.000',
      '2026-04-20 00:00:00\t20\t10\t2026-04-19 11:00:00.000',
    ])
  })

  it('of an answer that arrives late does not win over what was known later', async () => {
    await tell(
      'out-of-order',
      { start: day, values: [20], knownAt: '2026-04-19T09:00:00Z' },
      { start: day, values: [10], knownAt: '2026-04-19T08:00:00Z' },
    )
    expect(await latest('out-of-order')).toEqual([
      'border_AT_BE\t2026-04-20 00:00:00\t20\t2026-04-19 09:00:00.000\t3600\t[]',
    ])
    expect(await asOf('out-of-order', '2026-04-19 08:00:00')).toEqual([
      '2026-04-20 00:00:00\t10\t2026-04-19 08:00:00.000',
    ])
    expect(await revisions('out-of-order')).toHaveLength(1)
  })
})

describe('changes', () => {
  it('include since, exclude until, and look up the previous value before the span', async () => {
    await tell(
      'span',
      { start: day, values: [10], knownAt: '2024-12-31T23:00:00Z' },
      { start: day, values: [20], knownAt: '2026-04-19T09:00:00Z' },
      { start: day, values: [30], knownAt: '2026-04-19T10:00:00Z' },
    )
    const second = '2026-04-20 00:00:00\t10\t20\t2026-04-19 09:00:00.000'
    const third = '2026-04-20 00:00:00\t20\t30\t2026-04-19 10:00:00.000'
    expect(await changes('span', '2026-04-19 09:00:00', '2026-04-19 10:00:00')).toEqual([second])
    expect(await changes('span', '2026-04-19 09:00:00', '2026-04-19 10:00:00.001')).toEqual([second, third])
    expect(await changes('span', '2026-04-19 09:00:00.001', '2026-04-20 00:00:00')).toEqual([third])
    expect(await changes('span', '2024-01-01 00:00:00', '2025-01-01 00:00:00')).toEqual([])
    expect(await changes('span', '2026-04-19 10:00:00.001', '2090-01-01 00:00:00')).toEqual([])
  })
})

describe('a revision', () => {
  const delays = (dataset: string) =>
    lines(
      running.reader,
      `SELECT previous_value, value, delay_s, raw_partition, raw_offset FROM tidemark.revisions
       WHERE dataset = {dataset:String} ORDER BY ts, known_at`,
      { dataset },
    )

  it('says how long after the publication it came, and which answer brought it', async () => {
    const answer = (values: (number | null)[], knownAt: string, offset: number) => ({
      ...slice({ dataset: 'delayed', start: day, values, knownAt }),
      raw: { partition: 1, offset },
    })
    await insertSlices(running.store, [
      answer([null], '2026-04-19T08:00:00Z', 40),
      answer([10], '2026-04-19T08:30:00.250Z', 41),
      answer([10], '2026-04-19T09:00:00Z', 42),
      answer([20], '2026-04-19T09:30:00.750Z', 43),
      answer([null], '2026-04-21T08:30:00.250Z', 44),
    ])
    expect(await delays('delayed')).toEqual(['10\t20\t3600.5\t1\t43', '20\t\\N\t172800\t1\t44'])
  })

  it('has no delay where the point was first seen when delivery had begun, not a millisecond before', async () => {
    const told = (dataset: string, first: string) =>
      insertSlices(running.store, [
        slice({ dataset, start: day, values: [null, 1], knownAt: first }),
        slice({ dataset, start: day, values: [null, 2], knownAt: '2026-04-20T02:00:00Z' }),
      ])
    await told('watched', '2026-04-19T23:59:59.999Z')
    await told('backfilled', '2026-04-20T00:00:00Z')
    expect(await delays('watched')).toEqual(['1\t2\t7200.001\t0\t7'])
    expect(await delays('backfilled')).toEqual(['1\t2\t\\N\t0\t7'])
  })
})

it('revision_stats count how often, how much and how late a key was revised', async () => {
  await tell(
    'counted',
    { start: day, values: [10, 10, 10, null], knownAt: '2026-04-19T08:00:00Z' },
    { start: day, values: [14, 10, null, null], knownAt: '2026-04-19T09:00:00Z' },
    { start: day, values: [12, 10, 10, null], knownAt: '2026-04-19T12:00:00Z' },
    { start: '2026-03-01T00:00:00Z', values: [1], knownAt: '2026-04-01T00:00:00Z' },
    { start: '2026-03-01T00:00:00Z', values: [4], knownAt: '2026-04-02T00:00:00Z' },
    { start: day, key: 'never', values: [null], knownAt: '2026-04-19T08:00:00Z' },
  )
  const stats = await lines(
    running.reader,
    `SELECT key, points, points_revised, revisions, share_revised, mean_abs_change, largest_abs_change, to_null, from_null,
      median_delay_s, largest_delay_s FROM tidemark.revision_stats WHERE dataset = 'counted' ORDER BY key`,
  )
  // Four points had a value; two of the day and the one of March were revised. Sizes 4, 2 and 3; delays of one hour
  // twice and of four hours twice; that of March is not known.
  expect(stats).toEqual([
    'border_AT_BE\t4\t3\t5\t0.75\t3\t4\t1\t1\t9000\t14400',
    'never\t0\t0\t0\t\\N\t\\N\t\\N\t0\t0\t\\N\t\\N',
  ])
})

describe('a repeated delivery', () => {
  it('of the same batch changes nothing that anybody reads, merged or not', async () => {
    const batch = [
      slice({ dataset: 'twice', start: day, values: [1, null], knownAt: '2026-04-19T08:00:00Z' }),
      slice({ dataset: 'twice', start: day, values: [2, 3], knownAt: '2026-04-19T09:00:00Z' }),
    ]
    const read = async () => [
      await latest('twice'),
      await asOf('twice', '2026-04-19 08:00:00'),
      await revisions('twice'),
      await changes('twice', '2026-04-19 00:00:00', '2026-04-20 00:00:00'),
      await lines(running.reader, "SELECT count() FROM tidemark.point_revisions FINAL WHERE dataset = 'twice'"),
    ]
    await insertSlices(running.store, batch)
    const once = await read()
    expect(once[4]).toEqual(['4'])
    await insertSlices(running.store, batch)
    await insertSlices(running.store, batch.toReversed())
    expect(await read()).toEqual(once)
    for (const table of ['points', 'point_revisions']) {
      await running.store.command({ query: `OPTIMIZE TABLE tidemark.${table} FINAL` })
    }
    expect(await read()).toEqual(once)
  })
})

describe('a replay with a newer transform', () => {
  it('wins over the older one of the same answer, in whichever order they come', async () => {
    const knownAt = '2026-04-19T08:00:00Z'
    await tell(
      'replayed',
      { start: day, values: [10], knownAt },
      { start: day, values: [11], knownAt, transformVersion: 2 },
    )
    await tell('replayed', { start: day, values: [10], knownAt })
    expect(await latest('replayed')).toEqual([
      'border_AT_BE\t2026-04-20 00:00:00\t11\t2026-04-19 08:00:00.000\t3600\t[]',
    ])
    expect(await asOf('replayed', '2026-04-19 08:00:00')).toEqual(['2026-04-20 00:00:00\t11\t2026-04-19 08:00:00.000'])
    expect(await revisions('replayed')).toEqual([])
  })

  it('does not win over an answer that was known later, and rewrites what was said to be known then', async () => {
    await tell(
      'replayed-old',
      { start: day, values: [10], knownAt: '2026-04-19T08:00:00Z' },
      { start: day, values: [20], knownAt: '2026-04-19T09:00:00Z' },
      { start: day, values: [15], knownAt: '2026-04-19T08:00:00Z', transformVersion: 4095 },
    )
    expect(await latest('replayed-old')).toEqual([
      'border_AT_BE\t2026-04-20 00:00:00\t20\t2026-04-19 09:00:00.000\t3600\t[]',
    ])
    expect(await asOf('replayed-old', '2026-04-19 08:59:00')).toEqual([
      '2026-04-20 00:00:00\t15\t2026-04-19 08:00:00.000',
    ])
    expect(await changes('replayed-old', '2026-04-19 08:30:00', '2026-04-20 00:00:00')).toEqual([
      '2026-04-20 00:00:00\t15\t20\t2026-04-19 09:00:00.000',
    ])
  })
})

describe('keys that a newer answer no longer names', () => {
  const withdrawn = (dataset: string) =>
    lines(
      running.reader,
      `SELECT key, window_start, window_end, known_at, window_known_at FROM tidemark.withdrawn_keys
       WHERE dataset = {dataset:String} ORDER BY key, window_start`,
      { dataset },
    )

  it('are withdrawn in that window alone, until they are named again', async () => {
    const first = { start: day, values: [1, 2], knownAt: '2026-04-19T08:00:00Z' }
    const second = { start: day, values: [1, 3], knownAt: '2026-04-19T09:00:00Z' }
    const otherDay = { start: '2026-04-21T00:00:00Z', values: [1, 2], knownAt: '2026-04-20T08:00:00Z' }
    await tell('vanished', { ...first, key: 'a' }, { ...first, key: 'b' }, { ...otherDay, key: 'a' })
    expect(await withdrawn('vanished')).toEqual([])
    await tell('vanished', { ...second, key: 'a' })
    expect(await withdrawn('vanished')).toEqual([
      'b\t2026-04-20 00:00:00\t2026-04-20 02:00:00\t2026-04-19 08:00:00.000\t2026-04-19 09:00:00.000',
    ])
    await tell('vanished', { ...second, key: 'b' })
    expect(await withdrawn('vanished')).toEqual([])
  })

  it('are not withdrawn that were first named without an identity, and named again with one', async () => {
    const first = { start: day, values: [1], knownAt: '2026-04-19T08:00:00Z' }
    const second = { start: day, values: [1], knownAt: '2026-04-19T09:00:00Z' }
    await tell('identified', { ...first, key: 'a', identity: 0 }, { ...first, key: 'b', identity: 0 })
    await tell('identified', { ...second, key: 'a', identity: 5 })
    expect((await withdrawn('identified')).map((line) => line.slice(0, 1))).toEqual(['b'])
    await tell('identified', { ...second, key: 'b', identity: 5 })
    expect(await withdrawn('identified')).toEqual([])
  })

  it('are withdrawn too when a newer transform of the same answer does not name them', async () => {
    const answer = { start: day, values: [1], knownAt: '2026-04-19T08:00:00Z' }
    await tell('renamed', { ...answer, key: 'old' }, { ...answer, key: 'new', transformVersion: 2 })
    expect(await withdrawn('renamed')).toEqual([
      'old\t2026-04-20 00:00:00\t2026-04-20 01:00:00\t2026-04-19 08:00:00.000\t2026-04-19 08:00:00.000',
    ])
  })
})

describe('the grid', () => {
  // Brussels business days: 29 March 2026 lacks the hour from 02:00 local, 25 October 2026 has it twice.
  it('of the short day has 23 hours and of the long one 25, each once', async () => {
    const hours = (count: number) => Array.from({ length: count }, (_, hour) => hour)
    await tell('short', { start: '2026-03-28T23:00:00Z', values: hours(23), knownAt: '2026-03-28T09:30:00Z' })
    await tell('long', { start: '2026-10-24T22:00:00Z', values: hours(25), knownAt: '2026-10-24T08:30:00Z' })
    const shape = (dataset: string) =>
      lines(
        running.reader,
        `SELECT count(), uniqExact(ts), min(ts), max(ts), arraySort(groupArray((ts, value)))[4].2
         FROM tidemark.latest WHERE dataset = {dataset:String}`,
        { dataset },
      )
    expect(await shape('short')).toEqual(['23\t23\t2026-03-28 23:00:00\t2026-03-29 21:00:00\t3'])
    expect(await shape('long')).toEqual(['25\t25\t2026-10-24 22:00:00\t2026-10-25 22:00:00\t3'])
  })

  it('holds values that are no whole numbers exactly, great ones, and negative ones', async () => {
    await tell('floats', { start: day, values: [0.1, -0.30000000000000004, 1e300, 0], knownAt: day })
    const values = await lines(running.reader, "SELECT value FROM tidemark.latest WHERE dataset = 'floats' ORDER BY ts")
    expect(values.map(Number)).toEqual([0.1, -0.30000000000000004, 1e300, 0])
  })

  it('refuses what a whole second, a UTC second or the version cannot hold, and keeps nothing of that batch', async () => {
    const good = slice({ dataset: 'refused', start: day, values: [1], knownAt: day })
    const bad = [
      { ...good, start: good.start + 1 },
      { ...good, start: Date.parse('1969-12-31T23:00:00Z') },
      { ...good, start: Date.parse('2106-02-07T06:00:00Z'), values: [1, 2] },
      { ...good, knownAt: -1 },
      { ...good, transformVersion: 4096 },
      { ...good, values: [1, 2], step: 0 },
      { ...good, flags: ['two words'] },
      { ...good, flags: [''] },
    ]
    for (const each of bad)
      await expect(insertSlices(running.store, [good, each])).rejects.toMatchObject({ code: '469' })
    expect(await latest('refused')).toEqual([])
  })
})
