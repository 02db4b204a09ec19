/** A span's place in its trace, as W3C Trace Context defines it. */
export interface TraceContext {
  traceId: string
  spanId: string
  /** False: the spans of the trace are exported only if they failed. */
  isSampled: boolean
}

export type Attributes = Record<string, string | number | boolean | null | undefined>

export interface Span {
  /** Undefined while tracing is off. */
  context: TraceContext | undefined
  set: (attributes: Attributes) => void
  /** Ends the span; later calls do nothing. A span with a failure is exported even if its trace is not sampled. */
  end: (failure?: string | null) => void
}

export interface SpanOptions {
  kind?: 'client' | 'producer' | 'consumer'
  /**
   * Where the work comes from: one context is the parent, several are links. Default: the active span. The span is
   * sampled if one of them is.
   */
  from?: readonly TraceContext[]
  /** True: the span begins a trace, and is linked to all contexts of `from`. */
  isRoot?: boolean
  /** True: if the span begins a trace, only the ratio of the settings decides whether the trace is sampled. */
  mayBeSampled?: boolean
  attributes?: Attributes
}

/** Kafka header that carries a TraceContext from service to service. */
export const traceparentHeader = 'traceparent'

type HeaderValue = Buffer | string | (Buffer | string)[] | null | undefined

const traceparentForm = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/
const traceparentChars = 55

/** Returns the header's context. Any producer can set headers: undefined if there is none, or if it is invalid. */
export function readTraceContext(headers: Readonly<Record<string, HeaderValue>> | undefined): TraceContext | undefined {
  const value = headers?.[traceparentHeader]
  const last = Array.isArray(value) ? value.at(-1) : value
  if (last?.length !== traceparentChars) return undefined
  const [, traceId, spanId, flags] = traceparentForm.exec(last.toString()) ?? []
  if (traceId === undefined || spanId === undefined) return undefined
  return { traceId, spanId, isSampled: (Number.parseInt(flags ?? '', 16) & 1) === 1 }
}

/** Returns the headers of a record that belongs to a span. */
export const traceHeaders = ({ traceId, spanId, isSampled }: TraceContext): Record<string, string> => ({
  [traceparentHeader]: `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`,
})
