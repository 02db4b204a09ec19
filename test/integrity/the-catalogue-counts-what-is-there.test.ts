// The command on real parts: what it counts is what the test put there.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { identityNumber, requestIdentity } from '#core/request-identity.ts'
import { insert } from '#platform/clickhouse/client.ts'
import type { Series } from '#schemas/generated/records.ts'
import { seriesTable } from '#schemas/tables.ts'
import { coreMaxExchanges } from '#sources/jao/core.ts'
import { acceptedAnswer, insertAnswers, insertSlices, slice } from '../store/slices.ts'
import { type Pipeline, startPipeline } from '../support/pipeline.ts'
import { stackOf } from '../support/stack-of.ts'
import { tidemark } from '../support/tidemark-command.ts'

// Each command is a process of its own.
vi.setConfig({ testTimeout: 180_000 })

const dataset = 'jao.core.maxExchanges'
const hours = Array.from({ length: 24 }, (_, hour) => hour)
const hourMs = 3_600_000
const recently = new Date(Date.now() - hourMs).toISOString()
// 14 of the 24 values of one border change, an hour ago.
const first = slice({
  dataset,
  key: 'border_AT_BE',
  start: '2022-07-01T00:00:00Z',
  values: hours,
  knownAt: '2022-07-01T00:00:00Z',
})
const told = [
  first,
  slice({
    dataset,
    key: 'border_BE_AT',
    start: '2022-07-02T00:00:00Z',
    values: hours,
    knownAt: '2022-07-01T00:00:01Z',
  }),
  { ...first, values: hours.map((hour) => (hour < 14 ? hour + 100 : hour)), knownAt: Date.parse(recently) },
  slice({
    dataset: 'jao.core.netPos',
    start: recently.slice(0, 14).concat('00:00Z'),
    values: [1, 2],
    knownAt: recently,
  }),
]

let pipeline: Pipeline
let data: string
beforeAll(async () => {
  pipeline = await startPipeline()
  data = (await stackOf(pipeline)).dataDir
  await insertSlices(pipeline.store, told)
  const meant = (key: string, labels: Record<string, string>): Series => ({
    ...{ dataset, key, labels, unit: 'MW', step: 3600, transformVersion: 1, emittedAt: 1_000 },
  })
  const series = [meant('border_AT_BE', { from: 'AT', to: 'BE' }), meant('border_BE_AT', { from: 'BE', to: 'AT' })]
  const target = seriesTable
  await insert(
    pipeline.store,
    'series',
    target?.columns ?? [],
    series.map((each) => target?.row(each) ?? []),
  )
  const letters = ['one', 'two', 'three'].map((name) => ({ key: name, value: Buffer.from(name) }))
  await pipeline.producer.send('jao.dlq', letters)
  await readTwoLetters('a-team-elsewhere')
})
afterAll(() => pipeline?.stop())

/** Reads two of the three letters as a group that then goes away. */
async function readTwoLetters(groupId: string): Promise<void> {
  const admin = pipeline.kafka.admin()
  await admin.connect()
  await admin.setOffsets({ groupId, topic: 'jao.dlq', partitions: [{ partition: 0, offset: '2' }] })
  await admin.disconnect()
}

const run = (...args: string[]) => tidemark(['catalogue', ...args, '--data', data], process.env)
const json = async (...args: string[]) => JSON.parse((await run(...args, '--json')).stdout)

test('the list counts the points of each dataset and tells the newest', async () => {
  const listed: { dataset: string; points: number; newest: string | null }[] = await json()
  expect(listed.find((entry) => entry.dataset === dataset)).toMatchObject({ newest: '2022-07-02T23:00:00Z' })
  expect(listed.find((entry) => entry.dataset === dataset)?.points).toBeGreaterThanOrEqual(48)
  // At the most a row a value that was ever told: those that are not merged yet.
  expect(listed.find((entry) => entry.dataset === dataset)?.points).toBeLessThanOrEqual(72)
  expect(listed.find((entry) => entry.dataset === 'jao.core.netPos')?.points).toBe(2)
  expect(listed.filter(({ points }) => points > 0)).toHaveLength(2)
  const { stdout, stderr, code } = await run()
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  expect(stdout).toMatch(/^ {2}jao\.core\.maxExchanges +.* MW +1 h +daily, 09:00 D-1 +auto +\d\d +2022-07-02T23:00Z$/m)
})

test('records of its own are counted where they are', async () => {
  const rows = ['core', 'nordic', 'nordic'].map(
    (region, row) => `('jao.${region}.finalComputation', '2026-01-01', ${row})`,
  )
  await pipeline.store.command({
    query: `INSERT INTO tidemark.flow_constraints (dataset, hour, row) VALUES ${rows.join(', ')}`,
  })
  const { found } = await json('show', 'jao.nordic.finalComputation')
  const from = "tidemark.flow_constraints WHERE dataset = 'jao.nordic.finalComputation'"
  expect(found.held.records).toEqual({ rows: 2, from })
  expect((await json('show', dataset)).found.held.records).toBe(null)
})

test('show tells what is there of one dataset, and who reads its topics', async () => {
  await pipeline.store.command({ query: 'OPTIMIZE TABLE tidemark.points FINAL' })
  const { found, transformVersion } = await json('show', dataset)
  expect(transformVersion).toBe(coreMaxExchanges.transformVersion)
  expect(found.held).toMatchObject({
    ...{ points: 48, series: 2, first: '2022-07-01T00:00:00Z', last: '2022-07-02T23:00:00Z' },
    ...{ pointVersions: 72, newestKnownAt: `${recently.slice(0, 19)}Z`, revisionsADay: 2, answers: 0, answerBytes: 0 },
  })
  expect(found.held.bytesAbout).toBeGreaterThan(0)
  expect(found.topics).toContainEqual({ topic: 'jao.dlq', records: 3, bytes: null })
  expect(found.topicReaders).toEqual([
    { group: 'a-team-elsewhere', topic: 'jao.dlq', state: 'Empty', members: 0, behind: 1 },
  ])
  expect(found.storeReaders).toBeNull()
  const { stdout, stderr, code } = await run('show', dataset)
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  expect(stdout).toContain('points      48 of 2 series')
  expect(stdout).toContain('revisions   2.0 a day, over the last 7')
  expect(stdout).toMatch(/a-team-elsewhere +jao\.dlq +nobody in it now +1 behind/)
  expect(stdout).toContain('the engine does not report readers')
})

test('a member that commits nothing is a reader too', async () => {
  const consumer = pipeline.kafka.consumer({ groupId: 'looks-on' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'jao.timeseries' })
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
  await consumer.run({ autoCommit: false, eachMessage: async () => undefined })
  await joined
  const { found } = await json('show', dataset)
  await consumer.disconnect()
  expect(found.topicReaders).toContainEqual({
    ...{ group: 'looks-on', topic: 'jao.timeseries', state: 'Stable', members: 1, behind: 0 },
  })
})

test('search finds series by key and label beside the words of declarations', async () => {
  const found: { dataset: string }[] = await json('search', 'border_be', 'exchanges')
  expect(found.find((each) => each.dataset === dataset)).toMatchObject({
    dataset,
    series: [{ key: 'border_BE_AT', labels: { from: 'BE', to: 'AT' } }],
  })
  expect((await run('search', 'border_be')).stdout).toContain('series of jao.core.maxExchanges: border_BE_AT')
  expect(await run('search', "no such'word\\")).toMatchObject({ code: 1, stdout: '' })
})

test('contracts and run events of a running stack say what was kept and read, and name nothing of the stack', async () => {
  const window = { startMs: Date.parse('2022-06-30T22:00:00Z'), endMs: Date.parse('2022-07-01T22:00:00Z') }
  const identity = requestIdentity(dataset, window)
  const answer = {
    ...{ dataset, identity: identityNumber(identity), requestIdentity: identity, transformVersion: 2, points: 24 },
    ...{ windowStart: window.startMs, windowEnd: window.endMs, knownAt: Date.parse('2022-06-30T08:00:00Z') },
  }
  await insertAnswers(pipeline.store, [acceptedAnswer(answer)])
  const contract = await run('export', dataset, '--format', 'odcs')
  expect({ stderr: contract.stderr, code: contract.code }).toEqual({ stderr: '', code: 0 })
  expect(contract.stdout).toContain('- property: "tidemark.actual30d.upstream"\n    value: "simulated"\n')
  expect(contract.stdout).toContain('- property: "tidemark.actual30d.expectedWindows"\n    value: 0\n')
  const lineage = await run('export', '--format', 'openlineage', '--from', '2022-07-01', '--to', '2022-07-01')
  expect({ stderr: lineage.stderr, code: lineage.code }).toEqual({ stderr: '', code: 0 })
  expect(
    lineage.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([
    {
      ...{ eventType: 'COMPLETE', eventTime: '2022-06-30T08:00:00.000Z', job: { name: `explode.${dataset}` } },
      run: { facets: { tidemark_raw: { topic: 'jao.raw', partition: 0, offset: 7, upstream: 'simulated' } } },
    },
  ])
  expect(await run('export', '--format', 'openlineage', '--from', '2021-07-01', '--to', '2021-07-01')).toEqual({
    ...{ stdout: '', stderr: '', code: 0 },
  })
  const credentials = JSON.parse(readFileSync(join(pipeline.directory, 'clickhouse-credentials.json'), 'utf8'))
  const inside = [
    pipeline.directory,
    data,
    credentials.reader.password,
    credentials.writer.password,
    '127.0.0.1',
    'localhost',
  ]
  for (const text of [contract.stdout, lineage.stdout]) {
    for (const secret of inside) expect(text).not.toContain(secret)
    for (const secret of Object.values(pipeline.environment)) {
      if (/:\d/.test(secret ?? '')) expect(text).not.toContain(secret)
    }
  }
})

test('with a part away the declarations are shown, and why there are no counts', async () => {
  pipeline.endpoint().child.kill('SIGSTOP')
  pipeline.endpoint().child.kill('SIGKILL')
  const { stdout, stderr, code } = await run('show', dataset)
  expect(code).toBe(0)
  expect(stdout).toContain('jao_core_max_exchanges')
  expect(stdout).not.toContain('In the store')
  expect(stderr).toMatch(/^ClickHouse at http\S+ does not answer/)
  await pipeline.restartStore()
})

test('without a running stack declarations are listed, shown and searched, and the hint is no result', async () => {
  const environment = { ...process.env, TIDEMARK_HOME: join(pipeline.directory, 'nothing') }
  const without = (...args: string[]) => tidemark(['catalogue', ...args], environment)
  const listed = await without('--json')
  expect(JSON.parse(listed.stdout)[0]).toMatchObject({ points: null, newest: null })
  const shown = await without('show', dataset)
  expect(shown.stderr).toContain('counted where a stack runs')
  expect(shown.stdout).not.toContain('counted where a stack runs')
  expect((await without('search', 'VIRTUAL', 'nothing-of-this')).code).toBe(1)
  expect((await without('search', 'maxbex')).stdout).toContain(dataset)
  expect(await without('search', '')).toMatchObject({ code: 1, stderr: expect.stringContaining('no word to search') })
  expect((await without('show', 'jao.core.maxExchang')).stderr).toContain(`there is: ${dataset}`)
})
