// The only file that loads OpenTelemetry. It makes spans and sends them with OTLP over HTTP, as JSON.
import { setTimeout as sleep } from 'node:timers/promises'
import { createContextKey, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  type ReadableSpan,
  SamplingDecision,
  type SpanExporter,
  type SpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { version } from '../process/version.ts'
import type { Attributes, Span, SpanOptions, TraceContext } from './trace-context.ts'

export interface SpanExport {
  start: (name: string, options: SpanOptions & { from: readonly TraceContext[] }) => Span
  /** Sends the spans that wait. Gives up after one second. */
  stop: () => Promise<void>
}

export interface TracingLog {
  warn: (fields: object, text: string) => void
  info: (fields: object, text: string) => void
}

interface ExportOptions {
  /** Base URL of the receiver; spans go to `/v1/traces` below it. */
  endpoint: string
  /** Which part of the traces is sampled, 0 to 1. */
  ratio: number
  service: string
  log: TracingLog
}

/** Maximum number of spans that wait to be sent. Later spans are dropped. */
const maxWaiting = 2_048
const sendEveryMs = 1_000
const sendTimeoutMs = 5_000
const stopTimeoutMs = 1_000
const maxFailureChars = 1_000

const sampled = createContextKey('whether the span is sampled')
const kinds = { client: SpanKind.CLIENT, producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER }

/** Never throws, and never waits for the receiver. What cannot be sent is dropped, and the log says so once. */
export function openSpanExport({ endpoint, ratio, service, log }: ExportOptions): SpanExport {
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    timeoutMillis: sendTimeoutMs,
  })
  // Without a user and a password that the URL may hold.
  const receiver = new URL(endpoint).origin
  log.info({ receiver, ratio }, 'traces are sent')
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': `tidemark-${service}`, 'service.version': version }),
    // All spans are recorded, because a failure is known only at the end. `startSpan` decides which are sampled.
    sampler: {
      shouldSample: (context) => ({
        decision: context.getValue(sampled) ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.RECORD,
      }),
    },
    spanLimits: { attributeValueLengthLimit: 1_000 },
    spanProcessors: [boundedProcessor(exporter, receiver, log)],
  })
  const tracer = provider.getTracer('tidemark', version)
  return {
    start: (name, { kind, from, isRoot = false, mayBeSampled = false, attributes = {} }) => {
      const [parent] = from.length === 1 && !isRoot ? from : []
      const isDrawn = mayBeSampled && (from.length === 0 || isRoot)
      const isSampled = isDrawn ? Math.random() < ratio : from.some((one) => one.isSampled)
      const root = ROOT_CONTEXT.setValue(sampled, isSampled)
      const started = tracer.startSpan(
        name,
        {
          ...(kind && { kind: kinds[kind] }),
          attributes: withoutNull(attributes),
          links: parent ? [] : from.map((one) => ({ context: spanContextOf(one) })),
        },
        parent ? trace.setSpanContext(root, spanContextOf(parent)) : root,
      )
      const { traceId, spanId } = started.spanContext()
      let isOver = false
      return {
        context: { traceId, spanId, isSampled },
        set: (more) => void started.setAttributes(withoutNull(more)),
        end: (failure) => {
          if (isOver) return
          isOver = true
          if (failure) started.setStatus({ code: SpanStatusCode.ERROR, message: failure.slice(0, maxFailureChars) })
          started.end()
        },
      }
    },
    stop: async () => {
      const stopped = provider.shutdown().catch(() => undefined)
      await Promise.race([stopped, sleep(stopTimeoutMs, undefined, { ref: false })])
    },
  }
}

/** Queues sampled and failed spans up to a bound, and says once that spans are dropped until they can be sent again. */
function boundedProcessor(inner: SpanExporter, receiver: string, log: TracingLog): SpanProcessor {
  let waiting = 0
  let isDropping = false
  const dropped = (why: string): void => {
    if (!isDropping) log.warn({ receiver, why }, 'traces cannot be sent: spans are dropped until they can')
    isDropping = true
  }
  const exporter: SpanExporter = {
    export: (some, done) =>
      inner.export(some, (result) => {
        waiting -= some.length
        if (result.code !== 0) dropped(result.error?.message ?? 'the receiver refused them')
        else if (isDropping) {
          isDropping = false
          log.info({ receiver }, 'traces are sent again')
        }
        done({ code: 0 })
      }),
    shutdown: () => inner.shutdown(),
  }
  const batches = new BatchSpanProcessor({
    exporter,
    maxQueueSize: maxWaiting,
    scheduledDelayMillis: sendEveryMs,
  })
  return {
    onStart: () => {},
    onEnd: (span: ReadableSpan) => {
      const context = span.spanContext()
      if (span.status.code === SpanStatusCode.ERROR) context.traceFlags |= TraceFlags.SAMPLED
      if ((context.traceFlags & TraceFlags.SAMPLED) === 0) return
      if (waiting >= maxWaiting) return dropped(`${waiting} spans wait`)
      waiting += 1
      batches.onEnd(span)
    },
    forceFlush: () => batches.forceFlush(),
    shutdown: () => batches.shutdown(),
  }
}

const spanContextOf = ({ traceId, spanId, isSampled }: TraceContext) => ({
  ...{ traceId, spanId, isRemote: true },
  traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
})

const withoutNull = (attributes: Attributes) =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null && value !== undefined)) as Record<
    string,
    string | number | boolean
  >
