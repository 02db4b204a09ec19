// A release that does not exist yet: a copy of the project with a second version of two records, on one real broker,
// registry and store beside the release that is.
import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import avsc from 'avsc'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRegistryClient } from '#platform/kafka/registry.ts'
import { connectionSettings, readConfig } from '#platform/process/config.ts'
import { type RawResponse, rawResponseSchema, timeseriesSliceSchema } from '#schemas/generated/records.ts'
import type { RecordSchema } from '#schemas/record-schema.ts'
import { createUpstream } from '#simulator/jao/upstream.ts'
import { readRecords } from '../integrity/read-records.ts'
import { differences, type Points, pointName, windowOf } from '../integrity/simulator-client.ts'
import { pointsOf, untilStored } from '../integrity/whole-chain.ts'
import { anotherRelease } from '../support/another-release.ts'
import { type Pipeline, startPipeline } from '../support/pipeline.ts'
import { rawResponse } from '../support/raw-responses.ts'
import { runScript } from '../support/service-process.ts'

type Release = ReturnType<typeof anotherRelease>
type Schema = { fields: { name: string; type: unknown; default?: unknown }[] }

let pipeline: Pipeline
let next: Release
beforeAll(async () => {
  pipeline = await startPipeline({ disposable: true })
})
afterAll(async () => {
  await pipeline?.stop()
  next?.remove()
})

/** The newest schema of a record with fields added and taken away, as text. */
function evolved({ text }: RecordSchema, added: Schema['fields'], gone: string[]): string {
  const schema = JSON.parse(text) as Schema
  const fields = [...added, ...schema.fields.filter((field) => !gone.includes(field.name))]
  return JSON.stringify({ ...schema, fields })
}

const nextSlice = evolved(
  timeseriesSliceSchema,
  [{ name: 'quality', type: 'string', default: 'unrated' }],
  ['upstreamModifiedAt'],
)
const nextRaw = evolved(rawResponseSchema, [{ name: 'attempt', type: 'int', default: 1 }], [])

/** The path of the version after the newest. */
const nextVersion = ({ file }: RecordSchema): string => file.replace(/\d+/, (number) => `${Number(number) + 1}`)

/** Today's project with those versions, whose slices fill the new field. */
function nextRelease(): Release {
  const fill = {
    file: 'core/explode-raw.ts',
    from: '    key: slice.key,\n',
    to: "    key: slice.key,\n    quality: 'checked',\n",
  }
  const release = anotherRelease([fill])
  writeSchema(release, nextVersion(timeseriesSliceSchema), nextSlice)
  writeSchema(release, nextVersion(rawResponseSchema), nextRaw)
  return release
}

/** Writes a version of a record, and generates from it; what went out before is forgotten, so that it may be edited. */
function writeSchema({ directory }: Release, path: string, text: string): void {
  writeFileSync(join(directory, path), text)
  rmSync(join(directory, 'schemas/generated/versions.json'), { force: true })
  execFileSync(process.execPath, ['schemas/generate.ts'], { cwd: directory })
}

const upstream = createUpstream(11)
const knownAtMs = Date.parse('2026-05-20T08:00:00Z')

const answerOf = (day: string): RawResponse => {
  const { startMs, endMs } = windowOf(day)
  return rawResponse({ startMs, endMs }, upstream.body(startMs, endMs, knownAtMs), knownAtMs)
}

/** What the simulator published of a day. */
const truthOf = (day: string): Points => {
  const { hoursMs, columns, values } = upstream.expected(day, knownAtMs)
  return new Map(
    hoursMs.flatMap((hourMs, hour) =>
      columns.map(({ key }, column): [string, number | null] => [
        pointName(key, hourMs),
        values[hour]?.[column] ?? null,
      ]),
    ),
  )
}

/** Writes a day's answer with a schema of jao.raw: the old version's, or the new one's with the new field. */
async function writeRaw(day: string, schema: string): Promise<void> {
  const client = createRegistryClient(readConfig(connectionSettings, pipeline.environment))
  const id = await client.getRegistryIdBySchema('jao.raw-value', { type: 'AVRO' as never, schema })
  const header = Buffer.alloc(5)
  header.writeInt32BE(id, 1)
  const answer = answerOf(day)
  const value = avsc.Type.forSchema(JSON.parse(schema)).toBuffer({ ...answer, attempt: 2 })
  await pipeline.producer.send('jao.raw', [{ key: answer.requestIdentity, value: Buffer.concat([header, value]) }])
}

/** The days' points are those that were published, and nothing was refused. */
async function expectStored(days: string[]): Promise<void> {
  await untilStored(pipeline.environment)
  for (const day of days)
    expect(differences(truthOf(day), await pointsOf(pipeline, 'latest', windowOf(day)))).toEqual([])
  for (const topic of ['jao.dlq', 'tidemark.dlq']) expect(await readRecords(pipeline.kafka, topic)).toEqual([])
}

/** The slices of the days as whoever knows nothing of us reads them: by the schema that each was written with. */
async function slicesOf(days: string[]): Promise<Record<string, unknown>[]> {
  const client = createRegistryClient(readConfig(connectionSettings, pipeline.environment))
  const records = await readRecords(pipeline.kafka, 'jao.timeseries')
  const slices = await Promise.all(records.map(({ value }) => client.decode(value as Buffer)))
  const starts = days.map((day) => windowOf(day).startMs)
  return slices.filter(({ windowStart }) => starts.includes(windowStart))
}

test('old and new services side by side store every point and refuse nothing', async () => {
  const oldServices = [await pipeline.start('normalizer'), await pipeline.start('sink')]
  await writeRaw('2026-05-04', rawResponseSchema.text)
  await expectStored(['2026-05-04'])
  next = nextRelease()
  await runScript('infra/provision/main.ts', pipeline.environment, next.directory)

  // The old services know nothing of a new version until they read it.
  await writeRaw('2026-05-05', nextRaw)
  await expectStored(['2026-05-05'])

  // Old normalizer, new sink.
  await oldServices[1]?.kill('SIGTERM')
  const newSink = await pipeline.start('sink', {}, { root: next.directory })
  await writeRaw('2026-05-06', rawResponseSchema.text)
  await writeRaw('2026-05-07', nextRaw)
  await expectStored(['2026-05-06', '2026-05-07'])
  const byOld = await slicesOf(['2026-05-05', '2026-05-06', '2026-05-07'])
  expect(byOld).toHaveLength(3 * 132)
  expect(byOld.filter((slice) => 'quality' in slice || !('upstreamModifiedAt' in slice))).toEqual([])

  // New normalizer, old sink.
  await Promise.all([oldServices[0]?.kill('SIGTERM'), newSink.kill('SIGTERM')])
  await Promise.all([pipeline.start('normalizer', {}, { root: next.directory }), pipeline.start('sink')])
  await writeRaw('2026-05-08', rawResponseSchema.text)
  await writeRaw('2026-05-09', nextRaw)
  await expectStored(['2026-05-08', '2026-05-09'])
  const byNew = await slicesOf(['2026-05-08', '2026-05-09'])
  expect(byNew).toHaveLength(2 * 132)
  expect(byNew.filter((slice) => slice.quality !== 'checked' || 'upstreamModifiedAt' in slice)).toEqual([])
}, 240_000)

test('a version that does not go with the others ends provisioning with one sentence', async () => {
  const bad = anotherRelease([])
  try {
    const text = { name: 'text', type: 'string' }
    const cases: [RecordSchema, string, RegExp][] = [
      [
        timeseriesSliceSchema,
        evolved(timeseriesSliceSchema, [{ name: 'key', type: 'int' }], ['key']),
        /field key: .*"string"/,
      ],
      [timeseriesSliceSchema, evolved(timeseriesSliceSchema, [text], []), /\.text\)/],
      [rawResponseSchema, evolved(rawResponseSchema, [], ['contentHash']), /\.contentHash\)/],
    ]
    for (const [record, schema, reason] of cases) {
      const subject = record === rawResponseSchema ? 'jao.raw-value' : 'jao.timeseries-value'
      writeSchema(bad, record.file, schema)
      const refusal: Error = await runScript('infra/provision/main.ts', pipeline.environment, bad.directory).then(
        () => new Error('it was registered'),
        (error) => error,
      )
      const said = refusal.message.split('\n').filter((line) => line !== '' && !line.startsWith('{'))
      expect(said.at(-1)).toMatch(/^The schema of \w+, schemas\/.+ does not go with version 1 of .+ default, .+\.$/)
      expect(said.at(-1)).toContain(`${record.file}, does not go with version 1 of ${subject} in the registry`)
      expect(said.at(-1)).toMatch(reason)
      expect(refusal.message).toContain('exited 1')
      expect(refusal.message).not.toContain('    at ')
      writeSchema(bad, record.file, record.text)
    }
  } finally {
    bad.remove()
  }
})
