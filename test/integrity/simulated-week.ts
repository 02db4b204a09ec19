// A whole stack whose clock leaps from hour to hour of a simulated week, and the reports that it gave meanwhile.
import { setTimeout as sleep } from 'node:timers/promises'
import { type DatasetReport, type Report, type ReportRequest, readReport } from '#operations/report/report.ts'
import { readSettled } from '#operations/report/settled.ts'
import { createStore } from '#platform/clickhouse/client.ts'
import { reportCsv } from '../../cli/report/report-csv.ts'
import { reportText } from '../../cli/report/report-text.ts'
import { otherDatasets, schedulesSetting } from '../support/other-datasets.ts'
import { type Pipeline, startPipeline } from '../support/pipeline.ts'
import type { ServiceProcess } from '../support/service-process.ts'
import { startUpstream } from './poller-parts.ts'

export type Part = 'poller' | 'normalizer' | 'sink' | 'monitor'
const parts: readonly Part[] = ['normalizer', 'sink', 'monitor', 'poller']

/** What the command printed for an instant: as JSON, as text, and as CSV. */
interface Printed {
  atMs: number
  bytes: string
}

export interface Week {
  pipeline: Pipeline
  command: (body: unknown) => Promise<unknown>
  kill: (part: Part) => Promise<void>
  start: (part: Part) => Promise<void>
  nowMs: () => Promise<number>
  /** Sets the clock, unless it is past `toMs`, or a minute before. */
  leap: (toMs: number) => Promise<void>
  /** Makes a report without an instant, and keeps what it printed. */
  report: () => Promise<Report>
  printed: readonly Printed[]
  /** Makes the report of an instant. */
  again: (atMs: number) => Promise<Printed>
  /** The instant of which a report without an instant would be. */
  settledMs: () => Promise<number>
  stop: () => Promise<void>
}

const minuteMs = 60_000
/** Real ms for what a busy machine may need. */
const maxWaitMs = 300_000
/** Simulated ms in a real ms between two leaps. So a machine that is busy for some seconds does not miss minutes. */
const speed = 10
const polled = ['jao.core.maxExchanges', 'jao.core.netPos', 'kraken.ticker']

/** Starts the stack. Its poller fetches two days before `startMs` unasked. */
export async function startWeek(startMs: number): Promise<Week> {
  const pipeline = await startPipeline()
  const upstream = await startUpstream({ port: 0, seed: 1, startMs, speed })
  const settings = {
    ...{ SIMULATOR_URL: upstream.url, JAO_BASE_URL: upstream.url, KRAKEN_BASE_URL: upstream.urls.kraken },
    ...{ ORIGIN: 'simulated', BACKFILL_DAYS: '2', SESSION_TIMEOUT_MS: '6000', KRAKEN_EVERY_S: '60' },
    ...{
      KRAKEN_SYMBOLS: 'XBTUSD',
      DATASET_SCHEDULES: schedulesSetting([...otherDatasets].filter((name) => !polled.includes(name))),
    },
  }
  const running = new Map<Part, ServiceProcess>()
  const start = async (part: Part): Promise<void> => void running.set(part, await pipeline.start(part, settings))
  for (const part of parts) await start(part)
  const nowMs = async (): Promise<number> => {
    const answer = await fetch(`${upstream.url}/simulator/clock`)
    return ((await answer.json()) as { nowMs: number }).nowMs
  }
  const make = async (request: Pick<ReportRequest, 'atMs' | 'nowMs'>): Promise<{ report: Report; bytes: string }> => {
    const { report, windows } = await readReport(store, { dataset: null, days: null, ...request })
    return { report, bytes: [JSON.stringify(report), reportText(report, 100, false), reportCsv(windows)].join('\n') }
  }
  const printed: Printed[] = []
  const { CLICKHOUSE_USER: user = '', CLICKHOUSE_PASSWORD: password = '' } = pipeline.environment
  const store = createStore({ url: pipeline.endpoint().url, user, password, requestTimeoutMs: maxWaitMs })
  return {
    ...{ pipeline, command: upstream.command, start, nowMs, printed },
    kill: async (part) => void (await running.get(part)?.kill('SIGKILL')),
    leap: async (toMs) => {
      // The clock runs meanwhile, and does not go back.
      if (toMs > (await nowMs()) + minuteMs) await upstream.setClock({ set: new Date(toMs).toISOString() })
    },
    report: async () => {
      const { report, bytes } = await make({ atMs: null, nowMs: await nowMs() })
      printed.push({ atMs: Date.parse(report.at), bytes })
      return report
    },
    again: async (atMs) => ({ atMs, bytes: (await make({ atMs, nowMs: atMs })).bytes }),
    settledMs: async () => (await readSettled(store, await nowMs())).atMs,
    stop: async () => {
      await store.close()
      await pipeline.stop()
      await upstream.stop()
    },
  }
}

/** Returns what a report says of a dataset. */
export function of(report: Report, dataset: string): DatasetReport {
  const found = report.datasets.find((each) => each.dataset === dataset)
  if (found === undefined) throw new Error(`the report does not name ${dataset}`)
  return found
}

/** Class and cause of a day of a dataset: `late upstream-empty`, or `complete`. */
export function dayIn(report: Report, dataset: string, day: string): string {
  const { calendar, gaps } = of(report, dataset)
  const found = calendar.find((each) => each.day === day)?.class ?? 'not in the report'
  const gap = gaps.find(({ from, to }) => Date.parse(from) <= Date.parse(day) && Date.parse(day) < Date.parse(to))
  return gap?.cause ? `${found} ${gap.cause}` : found
}

/** What a report says of something, and what it should say. */
export type Say = [said: (report: Report) => unknown, wanted: unknown]

/**
 * Makes reports until one is of the hour that began at `hourMs` and says what is wanted. While reports are of the present,
 * the clock goes on by a minute. Else the stack has something to do, and a busy machine gets the time for it.
 * @throws Error with what the last report said
 */
export async function reportUntil(week: Week, hourMs: number, isOfHour: boolean, says: readonly Say[]): Promise<void> {
  const wanted = JSON.stringify(says.map(([, what]) => what))
  for (const endMs = Date.now() + maxWaitMs; ; await sleep(200)) {
    const settledMs = await week.settledMs()
    const nowMs = await week.nowMs()
    const isIn = !isOfHour || settledMs >= hourMs
    const found = isIn ? JSON.stringify(await saidBy(week, says)) : 'nothing of the hour'
    if (found === wanted) return
    if (Date.now() > endMs || nowMs > hourMs + 58 * minuteMs) {
      const when = `${new Date(settledMs).toISOString()}, at ${new Date(nowMs).toISOString()}`
      throw new Error(`as of ${when}, ${found} and not ${wanted}`)
    }
    if (settledMs > nowMs - 3 * minuteMs && nowMs < hourMs + 55 * minuteMs) await week.leap(nowMs + minuteMs + 5_000)
  }
}

async function saidBy(week: Week, says: readonly Say[]): Promise<unknown[]> {
  const report = await week.report()
  return says.map(([said]) => said(report))
}

/** Returns what the reports of a week say otherwise when they are made again. */
export async function differences({ printed, again }: Pick<Week, 'printed' | 'again'>): Promise<string[]> {
  const found: string[] = []
  for (const [atMs, same] of Map.groupBy(printed, (each) => each.atMs)) {
    const now = (await again(atMs)).bytes
    for (const { bytes } of same)
      if (bytes !== now) found.push(`${new Date(atMs).toISOString()}: ${firstChange(bytes, now)}`)
  }
  return found
}

function firstChange(before: string, now: string): string {
  const [old, other] = [before, now].map((text) => text.split(/(?<=[,}\n])/)) as [string[], string[]]
  const place = old.findIndex((part, index) => part !== other[index])
  const around = (parts: string[]) => parts.slice(Math.max(0, place - 4), place + 4).join('')
  return `was ${around(old)} and is ${around(other)}`
}
