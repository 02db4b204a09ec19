// Measures points per s from the raw topic until they can be queried in both tables, and the CPU per process.
import { randomBytes } from 'node:crypto'
import { traceHeaders } from '#platform/tracing/trace-context.ts'
import { type RawResponse, rawResponseSchema } from '#schemas/generated/records.ts'
import { addDays, businessDay, FIRST_DAY } from '#simulator/jao/calendar.ts'
import { createUpstream } from '#simulator/jao/upstream.ts'
import { type Pipeline, startPipeline } from '../support/pipeline.ts'
import { rawResponse } from '../support/raw-responses.ts'
import type { ServiceProcess } from '../support/service-process.ts'
import { startTraceReceiver } from '../support/trace-receiver.ts'
import { countBusiestThreads, countCpu, residentMiBOf, sumOf } from './cpu.ts'
import { storedRows, untilStored } from './stored.ts'

export interface Throughput {
  points: number
  points_per_s: number
  cpu_s_per_million_points: number
  cpu_by_process: Record<string, number>
  memory_mib: Record<string, number>
}

/** Number of answers that a run reads. */
export const days = 1_460
const batch = 20

/** Writes `count` raw answers of 132 keys, one per day, with `headersOf` each. Returns the number of points. */
export async function loadRaw(
  pipeline: Pipeline,
  fromDay: string,
  count: number,
  knownFromMs = Date.now(),
  headersOf?: (index: number) => Record<string, string>,
): Promise<number> {
  const upstream = createUpstream(1)
  const encode = await pipeline.registry.encoder('jao.raw', rawResponseSchema)
  let points = 0
  let day = fromDay
  for (let sent = 0; sent < count; sent += batch) {
    const records = []
    for (let index = sent; index < Math.min(sent + batch, count); index++) {
      const window = businessDay(day)
      const body = upstream.body(window.startMs, window.endMs, Date.parse('2027-01-01T00:00:00Z'))
      const raw: RawResponse = rawResponse(window, body, knownFromMs + index)
      const headers = headersOf && { headers: headersOf(index) }
      records.push({ key: raw.requestIdentity, value: encode(raw), ...headers })
      points += ((window.endMs - window.startMs) / 3_600_000) * 132
      day = addDays(day, 1)
    }
    await pipeline.producer.send('jao.raw', records, { compress: true })
  }
  return points
}

/** Each answer has a trace, as the poller writes it, and every twentieth trace is sampled: the default ratio. */
const traceOf = (index: number): Record<string, string> =>
  traceHeaders({
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    isSampled: index % 20 === 0,
  })

/** @param isTraced true: the services send traces to a receiver in this process */
export async function measureThroughput(tell: (line: string) => void, isTraced = false): Promise<Throughput> {
  const pipeline = await startPipeline({ disposable: true })
  const receiver = isTraced ? await startTraceReceiver() : undefined
  try {
    const loadedMs = performance.now()
    const points = await loadRaw(pipeline, FIRST_DAY, days, Date.now(), receiver && traceOf)
    tell(`raw topic holds ${days} answers, ${points} points (${seconds(loadedMs)} s to write)`)
    const figures = await measureRun(pipeline, points, {
      setting: receiver && { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
    })
    if (receiver) tell(`${receiver.spans().length} spans came`)
    return figures
  } finally {
    await pipeline.stop()
    await receiver?.stop()
  }
}

export interface RunOptions {
  /** Settings of the services. */
  setting?: Record<string, string> | undefined
  /** Number of normalizers, and of sinks. */
  each?: number
  /** Waits until the points are stored. */
  until?: typeof untilStored
}

export interface Run extends Throughput {
  /** CPU s a million points of the thread of each process that used most. */
  busiest_thread_by_process: Record<string, number>
}

/**
 * Starts sinks and normalizers on a raw topic that holds `points` new points, and stops them when both tables have these
 * points. The store may hold other points, if no merge removes rows of them.
 */
export async function measureRun(
  pipeline: Pipeline,
  points: number,
  { setting, each = 1, until = untilStored }: RunOptions = {},
): Promise<Run> {
  const before = await storedRows(pipeline)
  const sinks = await startEach(pipeline, 'sink', each, setting)
  const others = {
    broker: pipeline.parts.broker?.pid ?? 0,
    registry: pipeline.parts.registry?.pid ?? 0,
    clickhouse: pipeline.endpoint().child.pid ?? 0,
    ...Object.fromEntries(sinks.map(({ name, service }) => [name, service.pid])),
  }
  const counts = [counted(others)]
  let startedMs = Number.POSITIVE_INFINITY
  const normalizers = await startEach(pipeline, 'normalizer', each, setting, (name, pid) => {
    counts.push(counted({ [name]: pid }))
    startedMs = Math.min(startedMs, performance.now())
  })
  await until(pipeline, points, 100, before)
  const elapsedS = (performance.now() - startedMs) / 1000
  const cpu = Object.assign({}, ...counts.map(({ cpuOf }) => cpuOf(points)))
  const busiest = Object.assign({}, ...counts.map(({ busiestOf }) => busiestOf(points)))
  const pids = Object.fromEntries(normalizers.map(({ name, service }) => [name, service.pid]))
  const memory = residentMiBOf({ ...others, ...pids })
  await Promise.all([...normalizers, ...sinks].map(({ service }) => service.kill('SIGTERM')))
  return {
    points,
    points_per_s: Math.round(points / elapsedS),
    cpu_s_per_million_points: sumOf(cpu),
    cpu_by_process: cpu,
    busiest_thread_by_process: busiest,
    memory_mib: memory,
  }
}

const counted = (pids: Record<string, number>) => ({ cpuOf: countCpu(pids), busiestOf: countBusiestThreads(pids) })

/** Starts `count` processes of a service. One is called as the service, several `sink 1` and `sink 2`. */
const startEach = (
  pipeline: Pipeline,
  service: string,
  count: number,
  setting?: Record<string, string>,
  onStarted: (name: string, pid: number) => void = () => undefined,
): Promise<{ name: string; service: ServiceProcess }[]> =>
  Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const name = count === 1 ? service : `${service} ${index + 1}`
      const started = await pipeline.start(service, setting)
      onStarted(name, started.pid)
      return { name, service: started }
    }),
  )

const seconds = (sinceMs: number): string => ((performance.now() - sinceMs) / 1000).toFixed(1)
