// The programs of examples/ against what a real pipeline told, repeats and a replay among it.
import { readFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DecodeFailure } from '#platform/kafka/registry.ts'
import { acceptedAnswerSchema, timeseriesSliceSchema } from '#schemas/generated/records.ts'
import type { RecordSchema } from '#schemas/record-schema.ts'
import { readRecords } from '../integrity/read-records.ts'
import { differences, type Points, pointName, windowOf } from '../integrity/simulator-client.ts'
import { javaProgram, nodeProgram, type Program, pythonProgram, runProgram, shellProgram } from './programs.ts'
import { days, knownAt, type PublishedHistory, publishHistory, replayed } from './published-history.ts'

/** A line that a consumer prints. */
interface Line {
  dataset: string
  key: string
  ts: string
  knownAt: string
  value: number | null
  withdrawn: boolean
  transformVersion: number
  replay: boolean
}

let published: PublishedHistory
beforeAll(async () => {
  published = await publishHistory()
}, 180_000)
afterAll(() => published?.chain.stop())

const linesOf = (out: string): Line[] =>
  out
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))

/** What somebody holds who writes each line over the one before of the same point. */
const held = (lines: Line[]): Points =>
  new Map(lines.map(({ key, ts, value }) => [pointName(key, Date.parse(ts)), value]))

async function follow(program: Program, ...words: string[]): Promise<Line[]> {
  const { status, out, errors } = await runProgram(program, [...words, '--to-end'], published.chain.environment)
  expect({ status, errors: status === 0 ? '' : errors }).toEqual({ status: 0, errors: '' })
  return linesOf(out)
}

/** `npm run clients` installs what the programs in other languages need; without it those in Node and curl run. */
const installing = process.env.TIDEMARK_CLIENTS === '1'
const inLanguage = <Row extends [string, ...unknown[]]>(rows: Row[]): Row[] =>
  rows.filter(([language]) => installing || language === 'Node' || language === 'curl')

const installs: [string, () => Promise<Program | undefined>][] = [
  ['Node', async () => nodeProgram('subscribe.mjs')],
  [
    'Python',
    () => pythonProgram('subscribe.py', 'confluent-kafka-2.16.1', ['confluent-kafka[avro,schemaregistry]==2.16.1']),
  ],
  ['Java', () => javaProgram('Subscribe.java', 'kafka-clients-4.3.1-avro-1.12.2')],
]

describe.each(inLanguage(installs))('the consumer in %s', (language, install) => {
  let program: Program | undefined
  beforeAll(async () => {
    program = await install()
  }, 300_000)

  test('prints what the simulator published, each news once, and the better reading of a replay', async ({ skip }) => {
    if (program === undefined) return skip('its packages cannot be installed')
    const { revisedSecond, plain, revisedFirst, withdrawn } = published.truth
    const lines = await follow(program)
    expect(differences(new Map([...revisedSecond, ...withdrawn, ...replayed(plain)]), held(lines))).toEqual([])
    // Each day was told twice: by two answers, and by an answer and a replay of it. The replay of the older answer is not news.
    // What the second answer withdraws is withdrawn once; whether its replay was read before that is chance.
    const others = lines.filter(({ key, ts }) => !withdrawn.has(pointName(key, Date.parse(ts))))
    expect(others).toHaveLength(revisedFirst.size - withdrawn.size + revisedSecond.size + 2 * plain.size)
    const gone = lines.filter((line) => line.withdrawn)
    expect(differences(withdrawn, held(gone))).toEqual([])
    expect(gone).toHaveLength(25)
    expect(new Set(gone.map((line) => Date.parse(line.knownAt)))).toEqual(new Set([knownAt.second]))
    expect(others.filter(({ replay }) => replay)).toHaveLength(plain.size)
    expect(new Set(lines.map(({ dataset }) => dataset))).toEqual(new Set(['jao.core.maxExchanges']))
    const second = lines.filter((line) => Date.parse(line.knownAt) === knownAt.second && !line.withdrawn)
    expect(differences(revisedSecond, held(second))).toEqual([])
    expect([...revisedSecond.values()].filter((value) => value === null).length).toBeGreaterThan(0)
  }, 150_000)

  test('passes over replays when told to', async ({ skip }) => {
    if (program === undefined) return skip('its packages cannot be installed')
    const { revisedSecond, plain, revisedFirst, withdrawn } = published.truth
    const lines = await follow(program, '--skip-replays')
    expect(differences(new Map([...revisedSecond, ...withdrawn, ...plain]), held(lines))).toEqual([])
    expect(lines).toHaveLength(revisedFirst.size + revisedSecond.size + withdrawn.size + plain.size)
  }, 150_000)

  test('starts from a point in time: it reads nothing that was written long before', async ({ skip }) => {
    if (program === undefined) return skip('its packages cannot be installed')
    const since = ['--topic', published.timedTopic, '--from', '2026-11-02T00:00:00Z']
    const lines = await follow(program, ...since)
    expect(differences(published.truth.revisedSecond, held(lines))).toEqual([])
    expect(lines).toHaveLength(published.truth.revisedSecond.size)
    expect(await follow(program, '--topic', published.timedTopic, '--from', '2026-12-24T00:00:00Z')).toEqual([])
    const bad = await runProgram(program, ['--topic', published.timedTopic, '--to-end'], published.chain.environment)
    expect(bad.status, 'the first record of this topic cannot be read').toBe(1)
    const none = await runProgram(program, ['--topic', 'no-such.timeseries', '--to-end'], published.chain.environment)
    expect(none).toMatchObject({
      status: 1,
      out: '',
      errors: expect.stringMatching(/^There is no topic no-such\.timeseries/m),
    })
    expect(none.errors, 'a sentence, and no stack').not.toMatch(/^\s+at |Traceback/m)
  }, 150_000)

  test('goes on with what comes', async ({ skip }) => {
    if (program === undefined) return skip('its packages cannot be installed')
    const from = new Date(knownAt.second + 24 * 3_600_000).toISOString()
    const start = windowOf(days.plain).startMs
    const later = { key: 'border_AT_DE', start, knownAt: Date.parse(from) + 1, values: [17, null] }
    const topic = `later-${language}.timeseries`
    const add = await published.openTopic(topic)
    const words = ['--topic', topic, '--from', from]
    const running = runProgram(program, words, published.chain.environment, (out) => linesOf(out).length >= 2)
    await add(later)
    const points = held(linesOf((await running).out))
    const expected: Points = new Map([
      [pointName('border_AT_DE', start), 17],
      [pointName('border_AT_DE', start + 3_600_000), null],
    ])
    expect(differences(expected, points)).toEqual([])
  }, 150_000)
})

test('the statement of the docs gives what the store holds, in whatever order records come', async () => {
  const docs = await readFile(new URL('../../docs/subscribing.md', import.meta.url), 'utf8')
  const [upsert = ''] = docs.match(/INSERT INTO my_points[^`]+/) ?? []
  const [withdraw = ''] = docs.match(/UPDATE my_points[^`]+/) ?? []
  const [points = ''] = docs.match(/SELECT [^`]+ FROM tidemark\.points FINAL/) ?? []
  const [answers = ''] = docs.match(/SELECT [^`]+ FROM tidemark\.stored_answers FINAL [^`]+/) ?? []
  const { kafka, registry, query } = published.chain
  const recordsOf = async <T>(topic: string, schema: RecordSchema<T>) => {
    const decoder = registry.decoder(schema)
    const values = (await readRecords(kafka, topic)).map(({ value }) => value)
    await decoder.prepare(values)
    const records = values.map((value) => decoder.decode(value))
    return records.flatMap((record) => (record instanceof DecodeFailure ? [] : [record]))
  }
  const slices = await recordsOf('jao.timeseries', timeseriesSliceSchema)
  const accepted = await recordsOf('jao.answers', acceptedAnswerSchema)

  const database = new DatabaseSync(':memory:')
  database.exec(
    'CREATE TABLE my_points (dataset, key, ts, value, version, identity, PRIMARY KEY (dataset, key, ts)) WITHOUT ROWID',
  )
  const write = database.prepare(upsert.replace('(...)', '(?, ?, ?, ?, ?, ?)'))
  const versionOf = (record: { knownAt: number; transformVersion: number }) =>
    record.knownAt * 4096 + record.transformVersion
  database.exec('BEGIN')
  // Oldest last, and then all of it once more as it came.
  for (const slice of [...slices.toReversed(), ...slices])
    for (const [index, value] of slice.values.entries()) {
      const ts = slice.start / 1000 + index * slice.step
      write.run(slice.dataset, slice.key, ts, value, versionOf(slice), slice.identity)
    }
  const takeBack = database.prepare(withdraw)
  for (const answer of [...accepted.toReversed(), ...accepted])
    if (answer.replaces) takeBack.run({ identity: answer.identity, version: versionOf(answer) })
  database.exec('COMMIT')
  const mine = database.prepare('SELECT * FROM my_points ORDER BY dataset, key, ts').all()

  const { revisedSecond, withdrawn, plain } = published.truth
  const held = mine.map(({ key, ts, value }): [string, number | null] => [
    pointName(String(key), Number(ts) * 1000),
    value as number | null,
  ])
  expect(differences(new Map([...revisedSecond, ...withdrawn, ...replayed(plain)]), new Map(held))).toEqual([])

  // Started from the store it is the same.
  type Stored = { dataset: string; key: string; ts: number; value: number | null; version: string; identity: string }
  const stored = await query<Stored>(`SELECT * REPLACE (toUnixTimestamp(ts) AS ts) FROM (${points})`)
  database.exec('DELETE FROM my_points')
  for (const { dataset, key, ts, value, version, identity } of stored)
    write.run(dataset, key, ts, value, Number(version), Number(identity))
  for (const { identity, version } of await query<{ identity: string; version: string }>(answers))
    takeBack.run({ identity: Number(identity), version: Number(version) })
  const again = database.prepare('SELECT * FROM my_points ORDER BY dataset, key, ts').all()
  database.close()
  expect(again.map((row) => ({ ...row }))).toEqual(mine.map((row) => ({ ...row })))
})

interface Row {
  key: string
  ts: string
  value: number | null
  known_at: string
}

const rowsOfJson = (out: string): Row[] => linesOf(out) as unknown as Row[]

function rowsOfCsv(out: string): Row[] {
  const [header, ...lines] = out.trimEnd().split('\n')
  if (lines.length > 0) expect(header).toBe('key,ts,value,known_at')
  return lines.map((line) => {
    const [key = '', ts = '', value, known_at = ''] = line.split(',')
    return { key, ts, value: value === '' ? null : Number(value), known_at }
  })
}

const readers: [string, () => Promise<Program | undefined>, (out: string) => Row[]][] = [
  ['Node', async () => nodeProgram('read-store.mjs'), rowsOfJson],
  [
    'Python',
    () =>
      pythonProgram('read_store.py', 'clickhouse-connect-1.12.0', ['clickhouse-connect==1.12.0', 'pandas', 'pyarrow']),
    rowsOfCsv,
  ],
  ['curl', async () => shellProgram('read-store.sh'), rowsOfJson],
]

describe.each(inLanguage(readers))('the store reader in %s', (_, install, rowsOf) => {
  test('reads a day as it is known now, and as it was', async ({ skip }) => {
    const program = await install()
    if (program === undefined) return skip('its packages cannot be installed')
    const { reader } = published.chain.endpoint().credentials
    const environment = {
      ...published.chain.environment,
      CLICKHOUSE_USER: reader.user,
      CLICKHOUSE_PASSWORD: reader.password,
    }
    const read = async (...words: string[]) => {
      const { status, out, errors } = await runProgram(program, words, environment)
      expect({ status, errors }).toEqual({ status: 0, errors: '' })
      return rowsOf(out)
    }
    const day = ['jao.core.maxExchanges', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z']
    const points = (rows: Row[]): Points =>
      new Map(rows.map(({ key, ts, value }) => [pointName(key, Date.parse(ts)), value]))

    const now = await read(...day)
    const { revisedSecond, withdrawn } = published.truth
    expect(differences(new Map([...revisedSecond, ...withdrawn]), points(now))).toEqual([])
    expect(new Set(now.map(({ known_at }) => Date.parse(known_at)))).toEqual(new Set([knownAt.second]))
    const then = await read(...day, '2026-11-02T09:59:59.999Z')
    expect(differences(replayed(published.truth.revisedFirst), points(then))).toEqual([])
    expect(new Set(then.map(({ known_at }) => Date.parse(known_at)))).toEqual(new Set([knownAt.first]))
    expect(await read(...day, '2026-11-01T00:00:00Z')).toEqual([])

    const wrong = { ...environment, CLICKHOUSE_PASSWORD: 'wrong' }
    const refused = await runProgram(program, day, wrong)
    expect(refused.status).toBeGreaterThan(0)
    expect(refused.errors).toMatch(/Authentication|516|403/)
  }, 300_000)
})
