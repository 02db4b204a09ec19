// Measures points per s from the raw topic until they can be queried in both tables, and the CPU per process.
import { randomBytes } from 'node:crypto'
import { traceHeaders } from '#platform/tracing/trace-context.ts'
import { type RawResponse, rawResponseSchema } from '#schemas/generated/records.ts'
import { addDays, businessDay, FIRST_DAY } from '#simulator/jao/calendar.ts'
import { createUpstream } from '#simulator/jao/upstream.ts'
import { type Pipeline, startPipeline } from '../support/pipeline.ts'
import { rawResponse } from '../support/raw-responses.ts'
import { startTraceReceiver } from '../support/trace-receiver.ts'
import { cpuSeconds, residentMiB } from './cpu.ts'
import { untilStored } from './stored.ts'

export interface Throughput {
  points: number
  points_per_s: number
  cpu_s_per_million_points: number
  cpu_by_process: Record<string, number>
  memory_mib: Record<string, number>
}

const days = 1_460
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
    const setting = receiver && { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }
    const sink = await pipeline.start('sink', setting)
    const pids: Record<string, number> = {
      broker: pipeline.parts.broker?.pid ?? 0,
      registry: pipeline.parts.registry?.pid ?? 0,
      clickhouse: pipeline.endpoint().child.pid ?? 0,
      sink: sink.pid,
    }
    const before = mapValues(pids, cpuSeconds)
    const normalizer = await pipeline.start('normalizer', setting)
    const startedMs = performance.now()
    pids.normalizer = normalizer.pid
    before.normalizer = cpuSeconds(normalizer.pid)
    await untilStored(pipeline, points, 50)
    const elapsedS = (performance.now() - startedMs) / 1000
    if (receiver) tell(`${receiver.spans().length} spans came`)
    const cpu = mapValues(pids, (pid, name) => (cpuSeconds(pid) - (before[name] ?? 0)) / (points / 1e6))
    return {
      points,
      points_per_s: Math.round(points / elapsedS),
      cpu_s_per_million_points: round(Object.values(cpu).reduce((sum, value) => sum + value, 0)),
      cpu_by_process: mapValues(cpu, round),
      memory_mib: mapValues(pids, (pid) => Math.round(residentMiB(pid))),
    }
  } finally {
    await pipeline.stop()
    await receiver?.stop()
  }
}

function mapValues<Value, Result>(
  record: Record<string, Value>,
  change: (value: Value, name: string) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]))
}

const round = (value: number): number => Math.round(value * 1000) / 1000
const seconds = (sinceMs: number): string => ((performance.now() - sinceMs) / 1000).toFixed(1)
