// Measures points per s from the raw topic until they can be queried in both tables, and the CPU per process.
import { randomBytes } from 'node:crypto'
import { traceHeaders } from '#platform/tracing/trace-context.ts'
import { type RawResponse, rawResponseSchema } from '#schemas/generated/records.ts'
import { addDays, businessDay, FIRST_DAY } from '#simulator/jao/calendar.ts'
import { createUpstream } from '#simulator/jao/upstream.ts'
import { type Pipeline, startPipeline } from '../support/pipeline.ts'
import { rawResponse } from '../support/raw-responses.ts'
import { startTraceReceiver } from '../support/trace-receiver.ts'
import { countCpu, residentMiBOf, sumOf } from './cpu.ts'
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
    const figures = await measureRun(pipeline, points, receiver && { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url })
    if (receiver) tell(`${receiver.spans().length} spans came`)
    return figures
  } finally {
    await pipeline.stop()
    await receiver?.stop()
  }
}

/**
 * Starts the sink and the normalizer on a raw topic that holds `points` new points, and stops them when both tables have
 * these points. The store may hold other points, if no merge removes rows of them.
 */
export async function measureRun(
  pipeline: Pipeline,
  points: number,
  setting?: Record<string, string>,
): Promise<Throughput> {
  const before = await storedRows(pipeline)
  const sink = await pipeline.start('sink', setting)
  const others = {
    broker: pipeline.parts.broker?.pid ?? 0,
    registry: pipeline.parts.registry?.pid ?? 0,
    clickhouse: pipeline.endpoint().child.pid ?? 0,
    sink: sink.pid,
  }
  const cpuOfOthers = countCpu(others)
  const normalizer = await pipeline.start('normalizer', setting)
  const cpuOfNormalizer = countCpu({ normalizer: normalizer.pid })
  const startedMs = performance.now()
  await untilStored(pipeline, points, 100, before)
  const elapsedS = (performance.now() - startedMs) / 1000
  const cpu = { ...cpuOfOthers(points), ...cpuOfNormalizer(points) }
  const memory = residentMiBOf({ ...others, normalizer: normalizer.pid })
  await Promise.all([normalizer.kill('SIGTERM'), sink.kill('SIGTERM')])
  return {
    points,
    points_per_s: Math.round(points / elapsedS),
    cpu_s_per_million_points: sumOf(cpu),
    cpu_by_process: cpu,
    memory_mib: memory,
  }
}

const seconds = (sinceMs: number): string => ((performance.now() - sinceMs) / 1000).toFixed(1)
