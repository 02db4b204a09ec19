// Spans by hand. While tracing is off, nothing of OpenTelemetry is loaded, no span is made, and no header is read.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { SpanExport, TracingLog } from './export-spans.ts'
import { readTraceContext, type Span, type SpanOptions, type TraceContext } from './trace-context.ts'

export interface TracingSettings {
  /** Undefined: tracing is off. */
  OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined
  OTEL_TRACES_SAMPLER_ARG: number
}

interface ActiveTrace {
  context: TraceContext
  /** True: the work is over. Sockets and timers that it made keep this object, and belong to no trace any more. */
  isOver: boolean
}

const active = new AsyncLocalStorage<ActiveTrace>()
let spans: SpanExport | undefined

/**
 * Switches tracing on if the settings name an endpoint. Returns a function that sends what is left, and switches it off.
 * It takes one second at the most.
 */
export async function startTracing(
  service: string,
  config: TracingSettings,
  log: TracingLog,
): Promise<() => Promise<void>> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_SAMPLER_ARG: ratio } = config
  if (endpoint === undefined) return async () => {}
  const { openSpanExport } = await import('./export-spans.ts')
  const opened = openSpanExport({ endpoint, ratio, service, log })
  spans = opened
  return async () => {
    spans = undefined
    await opened.stop()
  }
}

const noSpan: Span = { context: undefined, set: () => {}, end: () => {} }

/** Starts a span. It must be ended. Costs nothing while tracing is off. */
export function startSpan(name: string, options: SpanOptions = {}): Span {
  if (spans === undefined) return noSpan
  const current = activeContext()
  return spans.start(name, { ...options, from: options.from ?? (current ? [current] : []) })
}

/** Runs `work` within a span, which ends with it. An error that `work` throws becomes the failure of the span. */
export async function withSpan<Result>(
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<Result> | Result,
): Promise<Result> {
  if (spans === undefined) return work(noSpan)
  const span = startSpan(name, options)
  try {
    return await withTrace(span.context, () => work(span))
  } catch (error) {
    span.end(`${error}`)
    throw error
  } finally {
    span.end()
  }
}

/** Runs `work` so that its log lines carry the trace's id. */
export async function withTrace<Result>(
  context: TraceContext | undefined,
  work: () => Promise<Result> | Result,
): Promise<Result> {
  if (context === undefined) return work()
  const trace = { context, isOver: false }
  try {
    return await active.run(trace, work)
  } finally {
    trace.isOver = true
  }
}

const noTraces = { from: [], isRoot: true }

/**
 * Returns where the span of a batch of records comes from, by their headers. If all records have the same context, the
 * span continues its trace. Otherwise it is the root of a trace that is linked to all contexts. While tracing is off, no
 * header is read.
 */
export function tracesOf(records: Iterable<{ headers?: Parameters<typeof readTraceContext>[0] }>): {
  from: TraceContext[]
  isRoot: boolean
} {
  if (spans === undefined) return noTraces
  const found = new Map<string, TraceContext>()
  let isMixed = false
  for (const { headers } of records) {
    const context = readTraceContext(headers)
    if (context) found.set(context.traceId + context.spanId, context)
    else isMixed = true
  }
  return { from: [...found.values()], isRoot: isMixed || found.size !== 1 }
}

function activeContext(): TraceContext | undefined {
  const trace = active.getStore()
  return trace?.isOver === false ? trace.context : undefined
}

/** Returns the fields of a log line that belongs to a trace. */
export function traceFields(): { trace_id?: string } {
  const context = activeContext()
  return context ? { trace_id: context.traceId } : {}
}
