// A stack as users have it, whose upstream is out of reach: it starts, and says so. Then a dataset whose answers we cannot read is
// parked, survives kills, and is released by command.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addDays } from '#core/business-day.ts'
import { freePorts } from '#local/free-ports.ts'
import { readLetters } from '#operations/dead-letters/read-letters.ts'
import { rawResponseSchema } from '#schemas/generated/records.ts'
import { coreMaxExchanges } from '#sources/jao/core.ts'
import type { Status } from '../../cli/inspect.ts'
import { eventually } from '../integrity/poller-parts.ts'
import { type Clients, prepareStack, type RunningStack, removeStacks, runningPart } from '../integrity/running-stack.ts'
import { windowOf } from '../integrity/simulator-client.ts'
import { untilStored } from '../integrity/whole-chain.ts'
import { faults } from '../support/long-tests.ts'
import { otherDatasets } from '../support/other-datasets.ts'
import { rawResponse } from '../support/raw-responses.ts'
import { startService } from '../support/service-process.ts'

let stack: RunningStack
let host: string
let startSaid: string
let clients: Clients
beforeAll(async () => {
  const [closed] = await freePorts(1)
  // The only answers are the test's.
  host = `127.0.0.1:${closed}`
  stack = await prepareStack('live', { JAO_BASE_URL: `http://${host}`, BACKFILL_DAYS: '2' })
  startSaid = (await stack.up()).stderr
  clients = await stack.connect()
}, 300_000)
afterAll(removeStacks)

const dataset = 'jao.core.maxExchanges'
const knownAtMs = Date.parse('2026-06-01T08:00:00Z')

/** Answers of consecutive days, one border in their first hour: a number, or a text, which our explode refuses. */
async function write(first: string, values: (number | string)[]): Promise<string[]> {
  const encode = await clients.registry.encoder('jao.raw', rawResponseSchema)
  const days = values.map((_, index) => addDays(first, index))
  const records = values.map((value, index) => {
    const window = windowOf(days[index]!)
    const dateTimeUtc = new Date(window.startMs).toISOString().replace('.000Z', 'Z')
    const body = { data: [{ id: 1, dateTimeUtc, border_AT_BE: value }], rejected: false, messages: null }
    const raw = rawResponse(window, Buffer.from(JSON.stringify(body)), knownAtMs)
    return { key: raw.requestIdentity, value: encode(raw), partition: 0 }
  })
  await clients.producer.send('jao.raw', records)
  return days
}

const settled = () => untilStored(clients.environment, 120_000)
const bad = (count: number) => new Array<string>(count).fill('abc')
const good = (count: number) => Array.from({ length: count }, (_, index) => 100 + index)

/** `tidemark dlq <args> --json`: its exit code, and what it printed. */
async function dlq<Printed>(...args: string[]): Promise<{ code: number | null; printed: Printed }> {
  const { code, stdout, stderr } = await stack.run('dlq', ...args, '--json')
  if (stdout === '') throw new Error(stderr)
  return { code, printed: JSON.parse(stdout) as Printed }
}

type Released = { parked: boolean; requeued: string[]; skipped: { id: string; why: string }[] }
type Listed = { id: string; key: string; reason: string; attempts: number; previousReason: string | null }
/** The open letters of a reason, as `dlq list --each` prints them. */
const listed = async (reason: string) => (await dlq<Listed[]>('list', '--each', '--reason', reason)).printed
/** The same without the command, which costs as much as all that it reads. */
const letters = async (reason: string) =>
  (await readLetters(clients.kafka, ['jao.dlq'])).filter((one) => one.decision === undefined && one.reason === reason)
const status = async (): Promise<Status> => JSON.parse((await stack.run('status', '--json')).stdout)
const parked = async () => (await status()).parked?.map((one) => one.dataset)

async function storedValues(days: string[]): Promise<(number | null)[]> {
  const rows = await clients.query<{ at: number; value: number; knownAt: number }>(
    `SELECT toUnixTimestamp(ts) * 1000 AS at, value, toUnixTimestamp64Milli(known_at) + 0.0 AS knownAt
     FROM tidemark.latest WHERE dataset = '${dataset}' AND key = 'border_AT_BE'`,
  )
  const byTime = new Map(rows.map(({ at, ...row }) => [Number(at), row]))
  return days.map((day) => {
    const row = byTime.get(windowOf(day).startMs)
    if (row) expect(row.knownAt).toBe(knownAtMs)
    return row?.value ?? null
  })
}

/** Lets a group begin behind all that raw holds now. */
async function skipToEnd({ kafka }: Clients, groupId: string): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  const ends = await admin.fetchTopicOffsets('jao.raw')
  const partitions = ends.map(({ partition, high }) => ({ partition, offset: high }))
  await admin.setOffsets({ groupId, topic: 'jao.raw', partitions })
  await admin.disconnect()
}

test('a stack whose upstream is out of reach starts, and says where, since when and why', async () => {
  const refused = 'the connection is refused (ECONNREFUSED); does anything listen at that port?'
  expect(startSaid).toContain(`✘ ${host} does not answer: ${refused} (tried again and again: `)
  const told = await eventually('the host and its failed polls show in the status', async () => {
    const { code, stdout, stderr } = await stack.run('status', '--json')
    expect(stderr).toBe('')
    const found = JSON.parse(stdout)
    // A part that answers late on a busy machine is another problem for a while.
    const isAll = found.silent?.length > 0 && found.datasets[0]?.lastOutcome === 'failed' && found.problems.length === 1
    return isAll && { code, ...found }
  })
  const [{ since, nextTryAt }] = told.silent
  expect(told).toMatchObject({
    ...{ code: 1, healthy: false, problems: [`No connection since ${since} to ${host}: ${refused}`] },
    silent: [{ host, sources: ['jao'], reason: `${host}: ${refused}` }],
  })
  expect(Date.parse(since)).toBeLessThan(Date.parse(nextTryAt))
  expect(told.parts.map(({ healthy }: { healthy: boolean }) => healthy)).not.toContain(false)
  expect(told.datasets[0]).toMatchObject({ dataset, lastOutcome: 'failed' })
  expect((await stack.run('status')).stdout).toContain(`NOT ANSWERING (UTC)\n  jao  since ${since}  tried again at `)
  const polls = await eventually('the failures are in the store', async () => {
    const { stdout } = await stack.run('query', '--json', 'SELECT DISTINCT outcome, status, error FROM polls FINAL')
    const rows = stdout.split('\n').filter((line) => line !== '')
    return rows.length > 0 && rows.map((line) => JSON.parse(line))
  })
  expect(polls).toEqual([{ outcome: 'failed', status: null, error: `${host}: ${refused}` }])
  expect(await stack.run('query', 'SELECT count() FROM points')).toEqual({ code: 0, stdout: '0\n', stderr: '' })
}, 200_000)

test('past the limit it is parked, for every normalizer and across kills; released, nothing is lost', async () => {
  const before = await write('2017-01-01', good(3))
  await write('2017-02-01', bad(25))
  await settled()
  const inVain = await stack.run('dlq', 'release', dataset, '--json')
  const toldInVain = JSON.parse(inVain.stdout) as Released
  expect([inVain.code, toldInVain.parked, toldInVain.requeued]).toEqual([1, true, []])
  const [newest] = (await letters('parked')).slice(-1)
  expect(toldInVain.skipped).toHaveLength(5)
  expect(toldInVain.skipped.find(({ id }) => id === newest!.id)?.why).toMatch(
    /^would be refused again \(type: border_AT_BE of .* is no finite number: "abc"\)$/,
  )
  expect(inVain.stderr).toContain(
    `${dataset} stays parked: what came last ${newest!.id} would be refused again (type: `,
  )
  expect(inVain.stderr).toContain(`npx tidemark dlq drop --reason parked --key ${dataset}`)
  expect(await parked()).toEqual([dataset])

  const behind = await write('2017-03-01', good(5))
  await settled()
  expect(await storedValues(before)).toEqual(good(3))
  expect(await storedValues(behind)).toEqual(new Array(5).fill(null))
  expect(await letters('type')).toHaveLength(20)
  expect(await letters('parked')).toHaveLength(10)
  const told = (await status()).parked ?? []
  expect(told).toMatchObject([{ dataset, reason: 'type' }])
  expect(told[0]?.message).toMatch(/^20 answers in a row were refused; the last: type: /)
  expect((await stack.run('status')).stdout).toContain(`Parked (mend it`)

  process.kill(await runningPart(stack, 'normalizer'), 'SIGKILL')
  const later = await write('2017-04-01', [42])
  await settled()
  expect(await letters('parked')).toHaveLength(11)
  await eventually('the new normalizer tells that it is parked', async () => (await parked())?.includes(dataset))

  await skipToEnd(clients, 'beside')
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-beside-'))
  const beside = await startService(
    'normalizer',
    { ...clients.environment, CONSUMER_GROUP: 'beside' },
    join(directory, 'log'),
  )
  expect(await (await fetch(`${beside.url}/status`)).json()).toEqual({
    version: stack.file().version,
    datasets: expect.objectContaining({ [dataset]: coreMaxExchanges.transformVersion }),
    off: [...otherDatasets],
    parked: told,
  })
  await beside.kill('SIGTERM')
  rmSync(directory, { recursive: true })

  const stopped = await dlq<{ skipped: { why: string }[] }>('requeue', '--reason', 'type')
  expect(stopped.code).toBe(1)
  expect(new Set(stopped.printed.skipped.map(({ why }) => why))).toEqual(
    new Set([`${dataset} is parked: \`npx tidemark dlq release ${dataset}\``]),
  )

  const released = await dlq<Released>('release', dataset)
  expect([released.code, released.printed.parked, released.printed.requeued.length]).toEqual([1, false, 6])
  await settled()
  expect(await parked()).toEqual([])
  expect(await storedValues([...behind, ...later])).toEqual([...good(5), 42])
  // The five bad ones that were parked unread skipped: sent back they would be refused again.
  expect((await letters('parked')).map(({ id }) => id)).toEqual(released.printed.skipped.map(({ id }) => id))
  expect(new Set(released.printed.skipped.map(({ why }) => why.slice(0, 30)))).toEqual(
    new Set(['would be refused again (type: ']),
  )
  expect(released.printed.skipped).toHaveLength(5)
  expect(await letters('type')).toHaveLength(20)
  const dropped = await dlq('drop', '--reason', 'parked', '--key', dataset, '--why', 'a test wrote them')
  expect([dropped.code, (await dlq<Released>('release', dataset)).code]).toEqual([0, 0])
}, 400_000)

test('killed anywhere between the refusals and the parking, it loses nothing', async () => {
  const days: string[] = []
  const months = faults ? ['2018-01', '2018-03', '2018-05'] : ['2018-03']
  for (const [round, month] of months.entries()) {
    const pid = await runningPart(stack, 'normalizer')
    days.push(...(await write(`${month}-01`, [...good(5), ...bad(22), ...good(5)])))
    await new Promise((resolve) => setTimeout(resolve, 40 * round))
    process.kill(pid, 'SIGKILL')
    await runningPart(stack, 'normalizer', pid)
  }
  await settled()
  const refused = new Set([...(await letters('type')), ...(await letters('parked'))].map(({ key }) => key))
  const values = await storedValues(days)
  for (const [index, day] of days.entries()) {
    const start = new Date(windowOf(day).startMs).toISOString().slice(0, 19)
    const isLetter = [...refused].some((key) => key?.startsWith(`${dataset}/${start}`))
    expect(isLetter || values[index] !== null, day).toBe(true)
  }
  // What was parked holds bad answers too, some of them twice: these stay, so that it is not parked again.
  const { code } = await stack.run('dlq', 'release', dataset)
  await settled()
  expect(code === 0).toBe((await letters('parked')).length === 0)
  expect(await parked()).toEqual([])
  const stored = (await storedValues(days)).filter((_, index) => index % 32 < 5 || index % 32 >= 27)
  expect(stored).toEqual(months.flatMap(() => [...good(5), ...good(5)]))
}, 400_000)

test('letters are shown, dropped and requeued by command, with honest exit codes', async () => {
  const [letter] = await listed('type')
  const shown = await stack.run('dlq', 'show', letter!.id)
  expect(shown.stdout).toContain('status: 200\nfetchedAt: 2026-06-01T08:00:00.000Z\nbody: ')
  expect(shown.stdout).toContain('"border_AT_BE":"abc"')
  const poison = Buffer.from('no Avro \u001b[2J')
  await clients.producer.send('jao.raw', [{ key: 'poison', value: poison, partition: 0 }])
  await settled()
  const [odd] = await listed('not-avro')
  expect(Buffer.from((await stack.run('dlq', 'show', odd!.id, '--raw')).stdout)).toEqual(poison)
  expect((await stack.run('dlq', 'show', odd!.id)).stdout).not.toContain('\u001b')

  const all = await stack.run('dlq', 'requeue')
  expect([all.code, all.stdout]).toEqual([1, ''])
  expect(all.stderr).toContain('--everything')
  expect((await stack.run('dlq', 'drop', odd!.id)).code).toBe(1)

  const dry = await dlq<{ requeued: string[]; dryRun: boolean }>('requeue', odd!.id, '--dry-run')
  expect(dry).toMatchObject({ code: 0, printed: { dryRun: true, requeued: [odd!.id], skipped: [] } })
  expect(await letters('not-avro')).toHaveLength(1)
  const again = await dlq('requeue', odd!.id)
  await settled()
  const [back] = await listed('not-avro')
  expect(back).toMatchObject({ attempts: 2, previousReason: 'not-avro' })
  // It went back, and the command says as what it was refused again.
  expect(again).toMatchObject({
    code: 1,
    printed: { requeued: [odd!.id], skipped: [], refusedAgain: [{ id: back!.id, of: odd!.id, reason: 'not-avro' }] },
  })
  expect((await dlq('requeue', back!.id)).code).toBe(1)
  expect((await dlq('requeue', odd!.id)).code).toBe(1)

  const dropped = await dlq<{ dropped: string[] }>('drop', back!.id, 'jao.dlq/0/999999', '--why', 'a test wrote it')
  expect(dropped).toMatchObject({
    code: 1,
    printed: { dropped: [back!.id], skipped: [{ id: 'jao.dlq/0/999999', why: 'there is no such letter' }] },
  })
  expect(await listed('not-avro')).toEqual([])
  const settledOnes = await dlq<Listed[]>('list', '--each', '--all', '--reason', 'not-avro')
  expect(settledOnes.printed).toMatchObject([
    { decision: { decision: 'requeued' } },
    { decision: { decision: 'dropped', why: 'a test wrote it' } },
  ])
  const missing = await stack.run('dlq', 'show', 'jao.dlq/0/999999')
  expect([missing.code, missing.stdout]).toEqual([1, ''])
  expect(missing.stderr).toContain('There is no letter jao.dlq/0/999999')
}, 200_000)
