// docs/queries.md, command by command as a user copies it, against what the simulated upstream published.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { noMemory } from '#core/poll-memory.ts'
import { labelDirectory, openDataDirectory } from '#local/data-directory.ts'
import { writeStackFile } from '#local/stack-file.ts'
import { deadLetter } from '#platform/kafka/dead-letter.ts'
import { resolutionRecord } from '#platform/kafka/dead-letter-resolution.ts'
import { DecodeFailure } from '#platform/kafka/registry.ts'
import { parkingSchema, pollSchema, rawResponseSchema } from '#schemas/generated/records.ts'
import { jaoDatasets } from '#simulator/jao/datasets.ts'
import type { Command } from '#simulator/jao/publications.ts'
import { createUpstream } from '#simulator/jao/upstream.ts'
import { rawResponse } from '../support/raw-responses.ts'
import { tidemark } from '../support/tidemark-command.ts'
import { readRecords } from './read-records.ts'
import { type Points, pointName, windowOf } from './simulator-client.ts'
import { type Chain, startChain } from './whole-chain.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const doc = readFileSync(join(root, 'docs/queries.md'), 'utf8')
const minuteMs = 60_000
const hourMs = 3_600_000

// What upstream does besides publishing each day about 10:30 local on the day before.
const revise = (day: string, at: string, what: object) =>
  ({ day, atMs: Date.parse(at), what: { verb: 'revise', salt: 7, ...what } }) as Command
const verb = (day: string, at: string, what: object) => ({ day, atMs: Date.parse(at), what }) as Command
const hour = (at: string) => Date.parse(at)
const commands: Command[] = [
  // Known at 10:11 local; changed before the gate of 12:00 local, and again after it.
  verb('2026-11-20', '2026-11-19T09:10:00Z', { verb: 'publishNow' }),
  revise('2026-11-20', '2026-11-19T10:40:00Z', {
    hourMs: hour('2026-11-20T07:00:00Z'),
    key: 'border_AT_BE',
    value: 9876,
  }),
  revise('2026-11-20', '2026-11-19T13:00:00Z', {
    hourMs: hour('2026-11-20T07:00:00Z'),
    key: 'border_AT_BE',
    value: 1234,
  }),
  verb('2026-11-20', '2026-11-19T14:00:00Z', { verb: 'redraw' }),
  verb('2026-11-20', '2026-11-19T15:00:00Z', { verb: 'vanishKey', key: 'border_NL_NL_NO2_NorNed' }),
  verb('2026-10-26', '2026-10-25T12:30:00Z', { verb: 'vanishKey', key: 'border_RO_HU' }),
  // The gate of the Monday after the long Sunday: 12:00 local is 11:00 UTC, and thirteen hours after midnight.
  revise('2026-10-26', '2026-10-25T10:30:00Z', {
    hourMs: hour('2026-10-26T05:00:00Z'),
    key: 'border_DE_FR',
    value: 4321,
  }),
  revise('2026-10-26', '2026-10-25T11:30:00Z', { hourMs: hour('2026-10-26T05:00:00Z'), key: 'border_DE_FR', value: 1 }),
  // An equal re-publication; from above 900 MW to below; to null and back.
  verb('2026-11-17', '2026-11-16T12:00:00Z', { verb: 'addKey', key: 'border_AT_BE' }),
  revise('2026-11-17', '2026-11-16T13:00:00Z', {
    hourMs: hour('2026-11-17T10:00:00Z'),
    key: 'border_DE_FR',
    value: 899,
  }),
  revise('2026-11-17', '2026-11-16T14:00:00Z', {
    hourMs: hour('2026-11-17T11:00:00Z'),
    key: 'border_RO_HU',
    value: null,
  }),
  revise('2026-11-17', '2026-11-17T15:00:00Z', {
    hourMs: hour('2026-11-17T11:00:00Z'),
    key: 'border_RO_HU',
    value: 901,
  }),
  // Fetched for the first time when its delivery was over, and changed afterwards.
  verb('2026-11-10', '2026-11-18T12:00:00Z', { verb: 'redraw' }),
  // Outside of the week.
  verb('2026-11-15', '2026-11-15T22:30:00Z', { verb: 'redraw' }),
]
const firstFetch: Record<string, string> = { '2026-11-10': '2026-11-14T08:00:00Z' }
const days = [
  '2026-03-29',
  '2026-10-25',
  '2026-10-26',
  '2026-11-10',
  '2026-11-15',
  '2026-11-17',
  '2026-11-20',
  '2026-11-21',
]
const seed = 4
const nowMs = Date.parse('2026-11-20T15:00:00Z')

/** One answer that we had: what upstream had published of a day when we asked, a minute after each publication. */
interface PublishedAnswer {
  day: string
  knownAtMs: number
  points: Points
}

const upstream = createUpstream(seed, commands)
const ledger: PublishedAnswer[] = days.flatMap((day) => {
  const asked = upstream.history(day).map(({ publishedAtMs }) => publishedAtMs + minuteMs)
  const from = Date.parse(firstFetch[day] ?? '1970-01-01')
  const instants = [...new Set(asked.map((at) => Math.max(at, from)))].filter((at) => at <= nowMs)
  return instants.map((knownAtMs) => ({ day, knownAtMs, points: publishedAt(day, knownAtMs) }))
})

function publishedAt(day: string, atMs: number): Points {
  const { hoursMs = [], columns = [], values = [] } = upstream.published(day, atMs)?.contents ?? {}
  return new Map(
    hoursMs.flatMap((at, row) => columns.map(({ key }, i) => [pointName(key, at), values[row]?.[i] ?? null] as const)),
  )
}

let chain: Chain
let release: () => void
let dataDir: string

beforeAll(async () => {
  chain = await startChain()
  const encode = await chain.registry.encoder('jao.raw', rawResponseSchema)
  const records = ledger.map(({ day, knownAtMs }) => {
    const window = windowOf(day)
    const raw = rawResponse(window, upstream.body(window.startMs, window.endMs, knownAtMs), knownAtMs)
    return { key: raw.requestIdentity, value: encode(raw) }
  })
  await chain.producer.send('jao.raw', records)
  await chain.settled()
  dataDir = join(chain.directory, 'stack')
  release = await beStack(dataDir)
})
afterAll(async () => {
  release?.()
  await chain?.stop()
})

/** Lets the command find the chain's store as it finds that of a running stack. */
async function beStack(directory: string): Promise<() => void> {
  const opened = await openDataDirectory(directory, 'simulated')
  labelDirectory(opened, 'simulated')
  const passwordFile = join(chain.directory, 'clickhouse-credentials.json')
  writeStackFile({
    version: '0',
    pid: process.pid,
    startedAt: new Date().toISOString(),
    state: 'ready',
    dataDir: directory,
    source: 'simulated',
    portBase: 0,
    endpoints: {
      kafka: '',
      registry: '',
      clickhouse: { url: chain.environment.CLICKHOUSE_URL ?? '', user: 'tidemark', passwordFile },
      api: 'http://127.0.0.1:1',
      console: 'http://127.0.0.1:1',
      health: {},
    },
    parts: {},
  })
  return () => opened.lock.release()
}

type Row = Record<string, string | number | null>

interface Documented {
  command: string
  /** What the document shows of the answer; empty where it shows nothing. */
  shown: string
}

/** The commands of a section, as they stand there. */
function commandsOf(title: string): Documented[] {
  const section = doc.split(/^## /m).find((each) => each.startsWith(`${title}\n`))
  if (section === undefined) throw new Error(`docs/queries.md has no section ${title}`)
  const blocks = section.matchAll(/^```\n(npx tidemark query "[^"]*")\n([\s\S]*?)```$/gm)
  return [...blocks].map(([, command = '', shown = '']) => ({ command, shown }))
}

/** Runs a command of the document in a shell, in a format; what it prints. */
async function run(command: string, format: string): Promise<string> {
  const options = `--format ${format} --data '${dataDir}'`
  const npx = `npx() { shift; '${process.execPath}' '${join(root, 'bin/tidemark.mjs')}' "$@" ${options}; }`
  const shell = spawn('sh', ['-c', `${npx}\n${command}`], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err, [code]] = await Promise.all([text(shell.stdout), text(shell.stderr), once(shell, 'close')])
  if (code !== 0) throw new Error(err)
  return out
}

async function rowsOf(command: string): Promise<Row[]> {
  const lines = (await run(command, 'JSONEachRow')).split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line))
}

const ask = async (title: string): Promise<Row[][]> => {
  const answers: Row[][] = []
  for (const { command } of commandsOf(title)) answers.push(await rowsOf(command))
  return answers
}

// The truth, by brute force over the ledger.
const storeTs = (atMs: number) => new Date(atMs).toISOString().replace('T', ' ').slice(0, 19)
const storeMs = (atMs: number) => new Date(atMs).toISOString().replace('T', ' ').slice(0, 23)
const answersOf = (day: string) => ledger.filter((told) => told.day === day)
const hoursOf = (day: string) => {
  const { startMs, endMs } = windowOf(day)
  return Array.from({ length: (endMs - startMs) / hourMs }, (_, i) => startMs + i * hourMs)
}
const knownAt = (day: string, atMs: number) => answersOf(day).findLast(({ knownAtMs }) => knownAtMs <= atMs)
const brussels = (at: string) => Temporal.PlainDateTime.from(at).toZonedDateTime('Europe/Brussels').epochMilliseconds

interface Change {
  key: string
  tsMs: number
  previous: number | null
  value: number | null
  knownAtMs: number
  delayS: number | null
}

const changes: Change[] = days.flatMap((day) =>
  answersOf(day).flatMap((told, i, all) => {
    const [first, before] = [all[0]!, all[i - 1]]
    // What the answer before named and this one does not is withdrawn.
    const gone = [...(before?.points.keys() ?? [])].flatMap((name) =>
      told.points.has(name) ? [] : [[name, null] as const],
    )
    return [...told.points, ...gone].flatMap(([name, value]) => {
      const [key = '', at = ''] = name.split(' ')
      const previous = before?.points.get(name)
      if (previous === undefined || previous === value) return []
      const watched = first.knownAtMs < windowOf(day).startMs
      const delayS = watched ? (told.knownAtMs - first.knownAtMs) / 1000 : null
      return [{ key, tsMs: Date.parse(at), previous, value, knownAtMs: told.knownAtMs, delayS }]
    })
  }),
)
const size = ({ value, previous }: Change) => (value === null || previous === null ? null : Math.abs(value - previous))
const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
const inOrder = (a: Change, b: Change) => byText(a.key, b.key) || a.tsMs - b.tsMs || a.knownAtMs - b.knownAtMs
const ofTheWeek = changes.filter(
  ({ knownAtMs }) => knownAtMs >= brussels('2026-11-16T00:00') && knownAtMs < brussels('2026-11-23T00:00'),
)

test('the story has what the questions ask for', () => {
  expect(ofTheWeek.length).toBeGreaterThan(300)
  expect(changes.length).toBeGreaterThan(ofTheWeek.length)
  expect(changes.filter(({ delayS }) => delayS === null).length).toBeGreaterThan(100)
})

test("yesterday's 10:30 view against now", async () => {
  const [rows] = await ask('What did we know yesterday at 10:30, and what is it now?')
  const then = knownAt('2026-11-20', brussels('2026-11-19T10:30'))!
  const now = answersOf('2026-11-20').at(-1)!
  const expected = hoursOf('2026-11-20').flatMap((at) => {
    const [was = null, is = null] = [then, now].map(({ points }) => points.get(pointName('border_AT_BE', at)))
    if (was === is) return []
    return [{ ts: storeTs(at), mw_then: was, mw_now: is, change: is! - was!, known_at: storeMs(now.knownAtMs) }]
  })
  expect(expected).toContainEqual(expect.objectContaining({ ts: '2026-11-20 07:00:00', mw_now: 1234 }))
  expect(rows).toEqual(expected)
})

test('the last value before gate closure at 12:00 local', async () => {
  const [oneDay, manyDays] = await ask('What was the last value before gate closure?')
  const atGate = (day: string, key: string) => {
    const dayBefore = Temporal.PlainDate.from(day).subtract({ days: 1 })
    const told = knownAt(day, brussels(`${dayBefore}T12:00`) - 1)!
    return hoursOf(day).map((at) => ({
      ts: storeTs(at),
      mw: told.points.get(pointName(key, at)),
      known_at: storeMs(told.knownAtMs),
    }))
  }
  expect(oneDay).toEqual(atGate('2026-11-20', 'border_AT_BE'))
  expect(oneDay).toContainEqual(expect.objectContaining({ ts: '2026-11-20 07:00:00', mw: 9876 }))
  const expected = ['2026-10-25', '2026-10-26'].flatMap((day) =>
    atGate(day, 'border_DE_FR').map((row) => ({ delivery_day: day, ...row })),
  )
  expect(manyDays).toEqual(expected)
  expect(manyDays).toHaveLength(25 + 24)
  expect(manyDays).toContainEqual(expect.objectContaining({ ts: '2026-10-26 05:00:00', mw: 4321 }))
})

test('the largest revisions of the week', async () => {
  const [rows] = await ask('What were the largest revisions of the week?')
  const largest = ofTheWeek.toSorted((a, b) => (size(b) ?? -1) - (size(a) ?? -1) || inOrder(a, b)).slice(0, 10)
  expect(rows).toEqual(
    largest.map(({ key, tsMs, previous, value, knownAtMs, delayS }) => ({
      ...{ key, ts: storeTs(tsMs), previous_value: previous, value, change: value! - previous! },
      ...{ known_at: storeMs(knownAtMs), delay_s: delayS },
    })),
  )
})

test('hours where the capacity fell below 900 MW', async () => {
  const [now, fell] = await ask('In which hours did the capacity fall below 900 MW?')
  const newest = answersOf('2026-11-20').at(-1)!.points
  const below = [...newest].flatMap(([name, mw]) => {
    const [key = '', at = ''] = name.split(' ')
    return mw !== null && mw < 900 ? [{ key, ts: storeTs(Date.parse(at)), mw }] : []
  })
  expect(below.length).toBeGreaterThan(10)
  expect(now).toEqual(below.toSorted((a, b) => byText(a.key, b.key) || byText(a.ts, b.ts)))

  const revisedBelow = ofTheWeek.filter(
    ({ previous, value }) => (previous ?? 0) >= 900 && value !== null && value < 900,
  )
  expect(fell).toEqual(
    revisedBelow.toSorted(inOrder).map(({ key, tsMs, previous, value, knownAtMs }) => ({
      ...{ key, ts: storeTs(tsMs), previous_value: previous, value, known_at: storeMs(knownAtMs) },
    })),
  )
  expect(fell).toContainEqual(expect.objectContaining({ key: 'border_DE_FR', ts: '2026-11-17 10:00:00', value: 899 }))
})

test('the profile of the long and of the short day', async () => {
  const [long, short] = await ask('What does a day look like on which the clocks change?')
  const profile = (day: string) =>
    hoursOf(day).map((at) => {
      const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO('Europe/Brussels')
      const text = `${local.toPlainTime().toString({ smallestUnit: 'minute' })} ${local.offset.replace(':', '')}`
      return { local: text, ts: storeTs(at), mw: answersOf(day).at(-1)!.points.get(pointName('border_AT_BE', at)) }
    })
  expect(long).toEqual(profile('2026-10-25'))
  expect(short).toEqual(profile('2026-03-29'))
  const two = (rows: Row[] = []) => rows.map(({ local }) => local).filter((local) => `${local}`.startsWith('02'))
  expect([long?.length, two(long)]).toEqual([25, ['02:00 +0200', '02:00 +0100']])
  expect([short?.length, two(short)]).toEqual([23, []])
})

test('the keys that were withdrawn', async () => {
  const [rows] = await ask('Which keys were withdrawn?')
  const expected = days
    .filter((day) => day >= '2026-11-16' && day < '2026-11-23')
    .flatMap((day) => {
      const named = ({ points }: PublishedAnswer) => [...points.keys()].map((name) => name.split(' ')[0] ?? '')
      const last = new Map(answersOf(day).flatMap((told) => named(told).map((key) => [key, told.knownAtMs])))
      const newest = answersOf(day).at(-1)!.knownAtMs
      return [...last]
        .filter(([, at]) => at < newest)
        .map(([key, at]) => ({
          key,
          window_start: storeTs(windowOf(day).startMs),
          last_named: storeMs(at),
          newest_answer: storeMs(newest),
        }))
    })
  expect(expected.map(({ key }) => key)).toEqual(['border_NL_NL_NO2_NorNed'])
  expect(rows).toEqual(expected)
})

test('how often, how much and how late', async () => {
  const [stats, ofDays] = await ask('How often, how much and how late is a border revised?')
  const statsOf = (key: string) => {
    const mine = changes.filter((change) => change.key === key)
    const points = days.reduce((sum, day) => sum + hoursOf(day).length, 0)
    const revised = new Set(mine.map(({ tsMs }) => tsMs)).size
    const sizes = mine.flatMap((change) => size(change) ?? [])
    const delays = mine.flatMap(({ delayS }) => delayS ?? []).sort((a, b) => a - b)
    const middle = (delays[Math.floor((delays.length - 1) / 2)]! + delays[Math.ceil((delays.length - 1) / 2)]!) / 2
    return {
      ...{ key, points, points_revised: revised, revisions: mine.length },
      share_revised: expect.closeTo(revised / points, 10),
      mean_abs_change: expect.closeTo(sizes.reduce((sum, each) => sum + each, 0) / sizes.length, 6),
      largest_abs_change: Math.max(...sizes),
      to_null: mine.filter(({ value }) => value === null).length,
      from_null: mine.filter(({ previous }) => previous === null).length,
      ...{ median_delay_s: expect.closeTo(middle, 6), largest_delay_s: delays.at(-1) },
    }
  }
  expect(numbers(stats)).toEqual(['border_AT_BE', 'border_RO_HU'].map(statsOf))
  // A null that upstream said, and the 24 hours of the day on which the border was withdrawn.
  expect(stats?.[1]).toMatchObject({ to_null: 25, from_null: 1 })

  const within = changes.filter(
    ({ tsMs }) => tsMs >= brussels('2026-11-16T00:00') && tsMs < brussels('2026-11-21T00:00'),
  )
  const groups = [...Map.groupBy(within, ({ key }) => key)].map(([key, mine]) => ({
    key,
    points_revised: new Set(mine.map(({ tsMs }) => tsMs)).size,
    revisions: mine.length,
    largest_abs_change: Math.max(...mine.flatMap((change) => size(change) ?? [])),
    largest_delay_s: Math.max(...mine.flatMap(({ delayS }) => delayS ?? [])),
  }))
  const most = groups.toSorted((a, b) => b.revisions - a.revisions || byText(a.key, b.key)).slice(0, 10)
  expect(numbers(ofDays)).toEqual(most)
})

/** ClickHouse writes counts of 64 bits as text. */
const numbers = (rows: Row[] = []): Row[] =>
  rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, /^\d+$/.test(`${value}`) ? Number(value) : value]),
    ),
  )

test('each value names the raw record that brought it', async () => {
  const [rows] = await ask('Which answers brought the values of one hour?')
  const decode = chain.registry.decoder(rawResponseSchema)
  const raw = await readRecords(chain.kafka, 'jao.raw')
  await decode.prepare(raw.map(({ value }) => value))
  const lies = new Map(
    raw.map(({ value, partition, offset }) => {
      const record = decode.decode(value)
      if (record instanceof DecodeFailure) throw new Error(`${record.reason}`)
      return [`${record.windowStart} ${record.fetchedAt}`, { raw_partition: partition, raw_offset: offset }]
    }),
  )
  const mine = changes.filter(({ key, tsMs }) => key === 'border_AT_BE' && tsMs === Date.parse('2026-11-20T07:00:00Z'))
  expect(mine.length).toBeGreaterThanOrEqual(2)
  expect(numbers(rows)).toEqual(
    mine.map(({ previous, value, knownAtMs, delayS }) => ({
      ...{ previous_value: previous, value, known_at: storeMs(knownAtMs), delay_s: delayS },
      ...lies.get(`${windowOf('2026-11-20').startMs} ${knownAtMs}`),
    })),
  )
})

test('polls that failed, with what upstream said', async () => {
  const encode = await chain.registry.encoder('polls', pollSchema)
  const poll = (outcome: string, at: string, error: string | null) => {
    const times = { ...{ windowStart: 0, windowEnd: 1 }, sentAt: Date.parse(at), fetchedAt: Date.parse(at) }
    const none = { contentHash: null, errorBody: null, rawPartition: null, rawOffset: null, requestsReadTo: null }
    const told = {
      requestIdentity: `kraken.ticker/${outcome}`,
      dataset: 'kraken.ticker',
      host: 'h',
      lane: 'live',
      poller: 'p',
      origin: 'simulated',
    }
    const came = { outcome, status: 400, durationMs: 1, bytes: 0, error, pausedUntil: null, pauseReason: null }
    return {
      key: outcome,
      value: encode({ ...times, ...none, ...told, ...came, memory: noMemory, changesState: true }),
    }
  }
  await chain.producer.send('polls', [
    poll('failed', '2026-11-20T12:00:00Z', 'HTTP 400: Invalid symbol. (-1121)'),
    poll('refused', '2026-11-20T12:00:01Z', 'no'),
    poll('changed', '2026-11-20T12:00:02Z', null),
    poll('failed', '2026-11-21T12:00:00Z', 'of another day'),
  ])
  await chain.settled()
  const [rows] = await ask('Why did a poll fail, and what did upstream say?')
  expect(rows).toEqual([
    {
      fetched_at: '2026-11-20 12:00:01.000',
      request_identity: 'kraken.ticker/refused',
      outcome: 'refused',
      status: 400,
      error: 'no',
    },
    {
      ...{
        fetched_at: '2026-11-20 12:00:00.000',
        request_identity: 'kraken.ticker/failed',
        outcome: 'failed',
        status: 400,
      },
      error: 'HTTP 400: Invalid symbol. (-1121)',
    },
  ])
  // The status tells it too, here of a stack whose poller does not answer.
  const { stdout } = await tidemark(['status', '--json', '--data', dataDir], process.env)
  const { datasets } = JSON.parse(stdout) as { datasets: { dataset: string }[] }
  expect(datasets.find(({ dataset }) => dataset === 'kraken.ticker')).toMatchObject({
    lastFailure: { at: '2026-11-21T12:00:00Z', outcome: 'failed', request: 'failed', error: 'of another day' },
  })
})

test('values that contradict each other, with what their flag means', async () => {
  const quarterMs = Date.parse('2026-11-20T10:15:00Z')
  const wrong = revise('2026-11-20', '2026-11-19T13:00:00Z', { hourMs: quarterMs, key: 'hub_FR', value: 0.3 })
  const netPos = jaoDatasets.find(({ name }) => name === 'core.netPos')!
  const window = windowOf('2026-11-20')
  const body = createUpstream(seed, [{ ...wrong, dataset: netPos.name }], netPos).body(
    window.startMs,
    window.endMs,
    nowMs,
  )
  const dataset = 'jao.core.netPos'
  const raw = rawResponse(window, body, nowMs, { dataset })
  await chain.normalizer.kill('SIGTERM')
  const normalizer = await chain.start('normalizer', { DATASET_SCHEDULES: '' })
  const encode = await chain.registry.encoder('jao.raw', rawResponseSchema)
  await chain.producer.send('jao.raw', [{ key: raw.requestIdentity, value: encode(raw) }])
  await chain.settled()
  const [rows] = await ask('Which values contradict each other?')
  const at = storeTs(quarterMs)
  const meaning = 'The values of all hubs at one time do not add up to 0.'
  // All 23 hubs of the row have a value.
  expect(numbers(rows)).toEqual([{ dataset, flag: 'sum-not-zero', points: 23, first: at, last: at, meaning }])
  expect(await (await fetch(`${normalizer.url}/metrics`)).text()).toMatch(
    /tidemark_flagged_points_total\{dataset="jao\.core\.netPos",flag="sum-not-zero",[^}]*\} 23\n/,
  )
})

test('which answers were refused and open, and which datasets were parked', async () => {
  const about = 'jao.core.maxExchanges'
  const letter = (day: string, reason: string, at: string) => {
    const key = Buffer.from(rawResponse(windowOf(day), Buffer.from(''), 0).requestIdentity)
    const origin = { topic: 'jao.raw', partition: 0, offset: '0', headers: {}, value: Buffer.from('bytes'), key }
    const by = { name: 'normalizer', version: '0' }
    return deadLetter(origin, { reason, message: 'm', dataset: about }, by, Date.parse(at))
  }
  const decision = (offset: number, at: string) =>
    resolutionRecord(
      { key: null, partition: 0 },
      { decision: 'requeued', offset, by: 'anna', why: 'mended', atMs: Date.parse(at) },
    )
  await chain.producer.send('jao.dlq', [
    letter('2026-11-20', 'type', '2026-11-20T08:00:00Z'),
    letter('2026-11-21', 'bug', '2026-11-20T08:30:00Z'),
    decision(0, '2026-11-20T09:30:00Z'),
    letter('2026-11-22', 'bug', '2026-11-20T09:31:00Z'),
    letter('2026-11-23', 'bug', '2026-11-20T09:32:00Z'),
    decision(1, '2026-11-20T12:00:00Z'),
  ])
  const encode = await chain.registry.encoder('parking', parkingSchema)
  const parking = (dataset: string, parked: boolean, at: string) => {
    const record = { dataset, parked, reason: 'type', message: 'too many', by: 'x', at: Date.parse(at) }
    return { key: dataset, value: encode(record) }
  }
  await chain.producer.send('parking', [
    parking('test.a', true, '2026-11-20T08:00:00Z'),
    parking('test.b', true, '2026-11-20T08:00:01Z'),
    // Released later, by a clock that is behind.
    parking('test.b', false, '2026-11-20T07:00:00Z'),
    parking('test.a', false, '2026-11-20T09:31:00Z'),
    parking('test.c', true, '2026-11-20T09:30:01Z'),
  ])
  await chain.settled()
  const [now, then, parked] = await ask('Which answers were refused, and which of them were open then?')
  expect(now).toEqual([
    { dataset: about, reason: 'bug', letters: 2, first: '2026-11-20 09:31:00.000', last: '2026-11-20 09:32:00.000' },
  ])
  const times = { at: '2026-11-20 08:30:00.000', resolved_at: '2026-11-20 12:00:00.000' }
  expect(then).toMatchObject([{ reason: 'bug', decision: 'requeued', ...times }])
  expect(parked).toEqual([{ dataset: 'test.a', since: '2026-11-20 08:00:00.000', why: 'too many' }])
})

describe('the views and tables', () => {
  const views = {
    '`latest`, `as_of(at = …)`': ['latest', "as_of(at = '2026-11-20')"],
    '`revisions`, `changes(since = …, until = …)`': [
      'revisions',
      "changes(since = '2026-11-19', until = '2026-11-20')",
    ],
    '`revision_stats`': ['revision_stats'],
    '`answers`': ['answers'],
    '`withdrawn_keys`': ['withdrawn_keys'],
    '`window_states`': ['window_states'],
    '`tick_hours`': ['tick_hours'],
    '`host_log`': ['host_log'],
    '`dead_letters`': ['dead_letters'],
    '`parking_log`': ['parking_log'],
  }
  test.each(Object.entries(views))('%s have the columns that are told of them', async (title, names) => {
    const section = doc.split(/^### /m).find((each) => each.startsWith(`${title}\n`)) ?? ''
    const columns = [...section.matchAll(/^\| `(\w+)`/gm)].map(([, column]) => column)
    expect(columns.length).toBeGreaterThan(5)
    for (const name of names) {
      const described = await chain.query<{ name: string }>(`DESCRIBE (SELECT * FROM tidemark.${name})`)
      expect(described.map((column) => column.name)).toEqual(columns)
    }
  })
})

const titles = [...doc.matchAll(/^## (.*\?)$/gm)].map(([, title = '']) => title)

test('every question of the document is asked here', () => {
  expect(titles).toHaveLength(11)
  expect(titles.flatMap(commandsOf)).toHaveLength(doc.match(/^npx tidemark query/gm)?.length ?? 0)
})

test.each(titles.filter((title) => commandsOf(title).some(({ shown }) => shown !== '')))(
  'the document shows what is answered to: %s',
  async (title) => {
    for (const { command, shown } of commandsOf(title)) {
      if (shown !== '') expect(await run(command, 'PrettyCompactMonoBlock')).toBe(shown)
    }
  },
)
