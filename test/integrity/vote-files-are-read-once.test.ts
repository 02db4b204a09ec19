// Vote files from disk to the store by the command, on a chain of real parts: what is new goes in once, whatever happens.
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { filesOf, findFileDataset } from '#operations/ingest/files.ts'
import { ingest as ingestFiles } from '#operations/ingest/ingest.ts'
import { provisionTopics } from '#platform/kafka/provision.ts'
import { offsetRange, recordsIn } from '#platform/kafka/read-range.ts'
import { rawTopic } from '#schemas/topics.ts'
import { exitCodeOf, summaryJson } from '../../cli/ingest/summary.ts'
import { faults } from '../support/long-tests.ts'
import { type Pipeline, startPipeline } from '../support/pipeline.ts'
import { recordedFile } from '../support/recorded-file.ts'
import { projectRoot } from '../support/service-process.ts'
import { stackOf } from '../support/stack-of.ts'
import { startCommand } from '../support/tidemark-command.ts'
import { eventually } from './poller-parts.ts'

let pipeline: Pipeline
let files: string
let dataDir: string
beforeAll(async () => {
  pipeline = await startPipeline()
  const all = { DATASET_SCHEDULES: '' }
  await Promise.all([pipeline.start('normalizer', all), pipeline.start('sink', all)])
  dataDir = (await stackOf(pipeline)).dataDir
  files = join(pipeline.directory, 'files')
  mkdirSync(files)
}, 300_000)
afterAll(() => pipeline?.stop())

const begin = (...args: string[]) =>
  startCommand([...args, '--data', dataDir], { ...process.env, ...pipeline.environment })

/** What `tidemark ingest` does, in this process: most tests are of what it does, and need no command. */
async function ingest(what: string, path: string) {
  const files = findFileDataset(what)
  const inputs = filesOf(path, files, false, () => {})
  const events = { begins: () => {}, fileRead: () => {}, progress: () => {}, say: () => {} }
  const summary = await ingestFiles({ ...pipeline, ask: pipeline.query }, { files, inputs }, events)
  // As scripts read it.
  return { code: exitCodeOf(summary), summary: JSON.parse(JSON.stringify(summaryJson(summary))) }
}

/** `tidemark ingest` */
async function ingestCommand(what: string, ...args: string[]) {
  const { code, stdout, stderr } = await begin('ingest', what, ...args, '--json').finished
  return { code, stderr, summary: stdout === '' ? undefined : JSON.parse(stdout) }
}

/** `tidemark ingest votes - < path` */
async function fromStandardInput(path: string): Promise<unknown> {
  const program = join(projectRoot, 'cli/main.ts')
  const args = [program, 'ingest', 'votes', '-', '--json', '--data', dataDir]
  const input = openSync(path, 'r')
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...pipeline.environment },
    stdio: [input, 'pipe', 'inherit'],
  })
  closeSync(input)
  return JSON.parse(await text(child.stdout as Readable))
}

const file = (name: string, content: string | Buffer): string => {
  const path = join(files, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}
/** Four bytes that are passed over. */
const skippable = Buffer.from('502a4d18040000007b7d0a00', 'hex')
const line = (id: number, post = 1, date = '2022-01-02'): string =>
  `{"Id":"${id}","PostId":"${post}","VoteTypeId":"2","CreationDate":"${date}T00:00:00.000"}\n`
const lines = (from: number, count: number): string =>
  Array.from({ length: count }, (_, index) => line(from + index)).join('')
const countIn = async (from: number, to: number): Promise<number> => {
  const [row] = await pipeline.query<{ votes: number }>(
    `SELECT count() AS votes FROM blog_analysis.votes WHERE Id >= ${from} AND Id < ${to}`,
  )
  return row?.votes ?? 0
}
const postOf = async (id: number): Promise<number | undefined> =>
  (await pipeline.query<{ PostId: number }>(`SELECT PostId FROM blog_analysis.votes WHERE Id = ${id}`))[0]?.PostId
const rawRecords = async (): Promise<number> => recordsIn((await offsetRange(pipeline.kafka, 'votes.raw')).values())

test('the exercise: files to Kafka to the store, and the weeks that stand out', async () => {
  expect(await begin('outliers', '--json').finished).toMatchObject({ code: 0, stdout: '[]\n' })
  const recorded = recordedFile('votes/votes_2017_2019.jsonl')
  const expected = recordedFile('votes/expected_outlier_weeks.json')
  if (!recorded || !expected) return expect(recorded, 'recordings are missing; said above').toBeUndefined()
  const { sets } = JSON.parse(expected.toString())
  const { code, summary } = await ingestCommand('votes', file('votes_2017_2019.jsonl', recorded))
  expect({ code, ...summary }).toMatchObject({ code: 0, lines: 29_780, votes: 29_780, refused: 0, knownLines: 0 })
  const printed = await begin('outliers', '--json').finished
  const weeks = JSON.parse(printed.stdout) as Record<string, number>[]
  const { rows } = sets['votes_2017_2019.jsonl']
  expect(rows).toHaveLength(117)
  expect(weeks.map(({ Year, WeekNumber, VoteCount }) => [Year, WeekNumber, VoteCount])).toEqual(rows)
  const counted = await begin('query', 'SELECT count() FROM blog_analysis.votes').finished
  expect(counted.stdout).toBe('29780\n')
  await pipeline.store.command({ query: 'TRUNCATE TABLE blog_analysis.vote_versions' })
})

test('a file read twice is known by its content: under another name, compressed, from standard input', async () => {
  const content = lines(100_000, 30_000)
  expect((await ingest('votes', file('once.jsonl', content))).summary).toMatchObject({ lines: 30_000, votes: 30_000 })
  const sent = await rawRecords()
  const [half, other] = [lines(100_000, 15_000), lines(115_000, 15_000)]
  const again: [string, string | Buffer][] = [
    ['again/copy.jsonl', content],
    ['again/members.jsonl.gz', Buffer.concat([gzipSync(half), gzipSync(other), Buffer.alloc(512)])],
    ['again/packed.jsonl.zst', zstdCompressSync(content)],
    // As pzstd writes it: a skippable frame before each frame.
    ['again/parallel.jsonl.zst', Buffer.concat([half, other].flatMap((each) => [skippable, zstdCompressSync(each)]))],
  ]
  for (const [name, packed] of again) file(name, packed)
  file('again/notes.txt', 'nothing to be read')
  const { code, summary, stderr } = await ingestCommand('votes', join(files, 'again'))
  const known = again.map(([name]) => ({ name: join(files, name), lines: 0, knownLines: 30_000, bytes: 0 }))
  expect({ code, ...summary }).toMatchObject({ code: 0, lines: 0, votes: 0, bytes: 0, files: known })
  expect(stderr).toContain('again: notes.txt\n')
  expect(await fromStandardInput(join(files, 'again/members.jsonl.gz'))).toMatchObject({ lines: 0, knownLines: 30_000 })
  expect(await rawRecords()).toBe(sent)
  expect(await countIn(100_000, 130_000)).toBe(30_000)
})

test('a file, a stream and what they came to are typed, without the command line', async () => {
  const content = lines(150_000, 3)
  const parts = { ...pipeline, ask: pipeline.query }
  const told = { begins: 0, read: [] as string[], progress: [] as (number | undefined)[] }
  const events = {
    begins: () => void told.begins++,
    fileRead: ({ name }: { name: string }) => void told.read.push(name),
    progress: ({ bytesRead, size }: { bytesRead: number; size: number | undefined }) =>
      void told.progress.push(bytesRead, size),
    say: () => {},
  }
  const path = file('typed.jsonl', content)
  const stream = { name: 'an upload', url: 'upload:', stream: Readable.from([gzipSync(`${content}{}\n`)]) }
  const broken = { name: 'a broken one', url: 'upload:', stream: Readable.from(failing()) }
  const inputs = [path, stream, broken, join(files, 'nowhere')]
  const summary = await ingestFiles(parts, { files: findFileDataset('votes'), inputs: () => inputs }, events)
  expect(summary).toMatchObject({
    ...{ dataset: 'votes.votes', by: 'lines', noun: 'votes', chunks: 2, stored: 3, refused: 1 },
    files: [
      { name: path, lines: 3, knownLines: 0, bytes: content.length },
      { name: 'an upload', lines: 1, knownLines: 3, bytes: 3 },
    ],
    failed: ['a broken one cannot be read: the line is cut.', `There is no file ${join(files, 'nowhere')}.`],
  })
  expect([told.begins, told.read, told.progress.slice(0, 2)]).toEqual([
    1,
    [path, 'an upload'],
    [content.length, content.length],
  ])
  await expect(
    ingestFiles(parts, { files: findFileDataset('votes'), inputs: () => inputs, stop: AbortSignal.abort() }, events),
  ).resolves.toMatchObject({ files: [], chunks: 0, failed: [] })
})

async function* failing(): AsyncGenerator<Buffer> {
  yield* []
  throw new Error('the line is cut')
}

test('raw holds the exact bytes, in chunks of growing known_at', async () => {
  const rows = await pipeline.query<{ first_line: number; lines: number; votes: number }>(
    `SELECT first_line, lines, votes FROM blog_analysis.vote_chunks FINAL WHERE file_url LIKE '%/once.jsonl' ORDER BY known_at`,
  )
  expect(rows.length).toBeGreaterThan(1)
  let next = 1
  for (const { first_line, lines: count } of rows) {
    expect(first_line).toBe(next)
    next += count
  }
  expect(next).toBe(30_001)
})

test('a file that has grown: only what is new is sent, also when its last line had no end', async () => {
  const path = file('grown.jsonl', `${lines(200_000, 3)}${line(200_003).trimEnd()}`)
  expect((await ingest('votes', path)).summary).toMatchObject({ lines: 4, votes: 4 })
  appendFileSync(path, `\n${lines(200_004, 2)}`)
  const { code, summary } = await ingest('votes', path)
  expect({ code, ...summary }).toMatchObject({ code: 0, knownLines: 4, votes: 2, refused: 0 })
  expect(await countIn(200_000, 200_010)).toBe(6)
})

test('a last line that was cut off is a dead letter, and goes in when it is whole', async () => {
  const whole = line(210_001)
  const path = file('cut.jsonl', `${line(210_000)}${whole.slice(0, 20)}`)
  const first = await ingest('votes', path)
  expect({ code: first.code, ...first.summary }).toMatchObject({ code: 1, votes: 1, refused: 1 })
  expect(first.summary.examples[0]).toMatch(/cut\.jsonl line 2 is no JSON/)
  appendFileSync(path, whole.slice(20))
  expect(await ingest('votes', path)).toMatchObject({ code: 0, summary: { knownLines: 1, lines: 1, votes: 1 } })
  expect(await countIn(210_000, 210_002)).toBe(2)
})

test('a file that was rewritten is new from where it differs, and the newest reading counts', async () => {
  const path = file('rewritten.jsonl', lines(220_000, 20_000))
  await ingest('votes', path)
  const content = readFileSync(path, 'utf8').split('\n')
  content[19_000] = line(220_005, 77).trimEnd()
  writeFileSync(path, content.join('\n'))
  const { summary } = await ingest('votes', path)
  expect(summary.knownLines).toBeGreaterThan(0)
  expect(summary.knownLines + summary.lines).toBe(20_000)
  expect(summary.files[0].differsFromLine).toBe(summary.knownLines + 1)
  expect(await postOf(220_005)).toBe(77)
  // The rewritten line was that of another Id, whose older reading stays.
  expect(await countIn(220_000, 240_000)).toBe(20_000)
})

test('bad lines are dead letters with file and line; sent back they are a chunk of one; their dataset is never parked', async () => {
  const bad = Array.from({ length: 59 }, (_, index) => `{"Id":"x${index}"}\n`).join('')
  const doubled = '{"Id":"250002","Id":"250003","CreationDate":"2022-01-02"}\n'
  const path = file('bad.jsonl', `${line(250_000)}${bad}${doubled}${line(250_001)}`)
  const { code, summary } = await ingest('votes', path)
  expect({ code, ...summary }).toMatchObject({ code: 1, lines: 62, votes: 2, refused: 60 })
  expect(summary.examples[0]).toBe(`file://${path} line 2 has an Id that is no whole number from 0 to 2^53 - 1: "x0"`)
  const before = await rawRecords()
  const requeued = await begin('dlq', 'requeue', '--key', 'votes.votes', '--reason', 'line', '--json').finished
  // All went back, and all were refused again: each is told as the new letter that it is.
  const told = JSON.parse(requeued.stdout)
  expect(told.requeued.length).toBeGreaterThanOrEqual(60)
  expect([requeued.code, told.refusedAgain.length]).toEqual([1, told.requeued.length])
  const back = (await rawRecords()) - before
  expect(back).toBeGreaterThanOrEqual(60)
  // Refused again, none of them leads to parking: good ones still go in.
  expect(await ingest('votes', file('after.jsonl', lines(251_000, 2)))).toMatchObject({
    code: 0,
    summary: { votes: 2 },
  })
  const [chunks] = await pipeline.query<{ n: number }>(
    `SELECT count() AS n FROM blog_analysis.vote_chunks FINAL WHERE file_url LIKE '%/bad.jsonl' AND lines = 1 AND first_line = 2`,
  )
  expect(chunks?.n).toBe(1)
})

test('killed at any moment, the same command goes on: nothing is lost, and nothing is sent twice', async () => {
  // 12,000 lines a chunk.
  const count = faults ? 400_000 : 60_000
  const path = file('killed.jsonl', lines(1_000_000, count))
  const before = await rawRecords()
  for (const chunks of faults ? [1, 6, 9, 17] : [2]) {
    const started = begin('ingest', 'votes', path)
    await eventually('some chunks are sent', async () => (await rawRecords()) >= before + chunks || undefined)
    started.child.kill('SIGKILL')
    await started.finished
  }
  const { code, summary } = await ingestCommand('votes', path)
  expect(code).toBe(0)
  expect(summary.knownLines + summary.lines).toBe(count)
  expect(summary.knownLines).toBeGreaterThan(0)
  expect(await countIn(1_000_000, 1_000_000 + count)).toBe(count)
  // Every line in one chunk alone.
  const [sum] = await pipeline.query<{ lines: number; votes: number }>(
    `SELECT sum(lines) AS lines, sum(votes) AS votes FROM blog_analysis.vote_chunks FINAL WHERE file_url LIKE '%/killed.jsonl'`,
  )
  expect(sum).toEqual({ lines: count, votes: count })
}, 180_000)

test('a directory is followed until Ctrl-C: files that grow, come, are cut, and become whole', async () => {
  const watched = join(files, 'watched')
  const path = file('watched/a.jsonl', line(2_000_000))
  const packed = gzipSync(lines(2_000_020, 5_000))
  file('watched/half.jsonl.gz', packed.subarray(0, packed.length / 2))
  // It is finished when it is packed, also without the end of its line.
  file('watched/unended.jsonl.gz', gzipSync(line(2_000_010).trimEnd()))
  const started = begin('ingest', 'votes', watched, '--watch', '--json')
  await eventually('the first is there', async () => (await countIn(2_000_000, 2_000_001)) === 1 || undefined)
  await eventually('the packed one is there', async () => (await countIn(2_000_010, 2_000_011)) === 1 || undefined)
  expect(started.printed().stderr).toContain('half.jsonl.gz is damaged or ends early')
  // Half a line is left for later.
  appendFileSync(path, line(2_000_001).slice(0, 10))
  writeFileSync(join(watched, 'b.jsonl'), line(2_000_002))
  writeFileSync(join(watched, 'half.jsonl.gz'), packed)
  appendFileSync(join(watched, 'unended.jsonl.gz'), gzipSync(`\n${line(2_000_011)}`))
  await eventually('the second file is there', async () => (await countIn(2_000_002, 2_000_003)) === 1 || undefined)
  appendFileSync(path, line(2_000_001).slice(10))
  await eventually('the grown line is there', async () => (await countIn(2_000_001, 2_000_002)) === 1 || undefined)
  writeFileSync(path, line(2_000_009))
  await eventually('the rewritten one is there', async () => (await countIn(2_000_009, 2_000_010)) === 1 || undefined)
  await eventually('the packed line is there', async () => (await countIn(2_000_010, 2_000_012)) === 2 || undefined)
  await eventually('the whole is there', async () => (await countIn(2_000_020, 2_005_020)) === 5_000 || undefined)
  started.child.kill('SIGINT')
  const { code, stdout, stderr } = await started.finished
  expect(stderr).toContain('a.jsonl was cut, replaced or rewritten')
  // The end of the line that had none is a line of the second reading.
  expect(JSON.parse(stdout)).toMatchObject({ lines: 4 + 1 + 2 + 5_000, votes: 4 + 2 + 5_000, refused: 0, failed: [] })
  expect(code).toBe(0)
})

test('what is no vote file is one sentence, and the files beside it go in', async () => {
  file('mixed/a-good.jsonl', lines(300_000, 2))
  file('mixed/half.jsonl.gz', gzipSync(lines(300_000, 5_000)).subarray(0, 3_000))
  const member = gzipSync(lines(310_000, 3))
  file('mixed/hole.jsonl.gz', Buffer.concat([member, Buffer.alloc(16), gzipSync(lines(310_003, 3))]))
  file('mixed/image.jsonl', Buffer.from([0x89, 0x50, 0, 1, 2]))
  const { code, summary } = await ingestCommand('votes', join(files, 'mixed'))
  expect({ code, ...summary }).toMatchObject({ code: 1, lines: 5, votes: 5, refused: 0 })
  expect(summary.failed).toEqual([
    expect.stringMatching(
      /half\.jsonl\.gz is damaged or ends early: .* at byte 0 is cut, the file ends at byte 3000\./,
    ),
    expect.stringMatching(`hole.jsonl.gz is damaged: 16 zero bytes stand at byte ${member.length}, `),
    expect.stringMatching(/image\.jsonl is not text: it is binary, or in another encoding than UTF-8\.$/),
  ])
  expect(await countIn(310_000, 310_006)).toBe(3)
  const { failed } = (await fromStandardInput(files)) as { failed: string[] }
  expect(failed).toEqual(['standard input is a directory: name it instead of -.'])
  for (const [path, why] of [
    ['/dev/null', 'is not a regular file'],
    [join(files, 'nowhere'), 'There is no file or directory'],
  ] as const) {
    const refused = await ingestCommand('votes', path)
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(why) })
    expect(refused.stderr.trim().split('\n')).toHaveLength(1)
  }
})

test('an archived answer of Cryptowatch stands at the instant that is told, once', async () => {
  const path = file('market_kraken_btcusd_price.json', '{"result":{"price":29080.7}}')
  const first = await ingestCommand('cryptowatch', path, '--at', '2023-07-30T12:00+02:00')
  expect(first).toMatchObject({ code: 0, summary: { points: 1, refused: 0 } })
  expect((await ingestCommand('cryptowatch', path, '--at', '2023-07-30T10:00Z')).summary).toMatchObject({
    chunks: 0,
    points: 0,
  })
  const undated = await ingestCommand('cryptowatch', path)
  expect(undated.stderr).toMatch(/is taken for a snapshot of .* when it was modified/)
  const points = await pipeline.query(
    `SELECT key, toString(ts) AS ts, value FROM tidemark.latest WHERE dataset = 'cryptowatch.markets' ORDER BY ts LIMIT 1`,
  )
  expect(points).toEqual([{ key: 'kraken:btcusd.last', ts: '2023-07-30 10:00:00', value: 29080.7 }])
  const refused = await ingestCommand(
    'cryptowatch',
    file('error.json', '{"error":"Exchange not found"}'),
    '--at',
    '2023-07-30T10:00Z',
  )
  expect(refused).toMatchObject({ code: 1, summary: { refused: 1, points: 0 } })
  expect(refused.summary.examples[0]).toMatch(/Cryptowatch answered with an error: Exchange not found/)
})

test('a file of which a chunk is too large for raw fails with words, the others go in; it goes in as soon as it may', async () => {
  const directory = join(files, 'sizes')
  mkdirSync(directory)
  const posts = Array.from({ length: 3_000 }, (_, index) => line(7_000_000 + index, randomInt(1, 2 ** 31)))
  writeFileSync(join(directory, 'large.jsonl'), posts.join(''))
  writeFileSync(join(directory, 'small.jsonl'), lines(7_100_000, 2))
  const raw = rawTopic('votes')
  const limited = { ...raw, config: { ...raw.config, 'max.message.bytes': '3000' } }
  await provisionTopics(pipeline.kafka, [limited], 1)
  const first = await ingest('votes', directory)
  await provisionTopics(pipeline.kafka, [raw], 1)
  expect({ code: first.code, ...first.summary }).toMatchObject({ code: 1, chunks: 1, lines: 2, votes: 2, refused: 0 })
  expect(first.summary.failed).toEqual([
    expect.stringMatching(
      /large.jsonl cannot be kept: a record of \d+ bytes, \d+ compressed, is too large for votes.raw/,
    ),
  ])
  const second = await ingest('votes', directory)
  expect({ code: second.code, ...second.summary }).toMatchObject({ code: 0, lines: 3_000, knownLines: 2, votes: 3_000 })
})
