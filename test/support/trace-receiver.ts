import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

export interface ReceivedSpan {
  service: string
  name: string
  traceId: string
  spanId: string
  /** Empty if the span begins a trace. */
  parentId: string
  /** Ids of the spans that this span is linked to. */
  links: string[]
  attributes: Record<string, unknown>
  failure: string | undefined
}

export interface TraceReceiver {
  url: string
  spans: () => ReceivedSpan[]
  stop: () => Promise<void>
}

type Value = { stringValue?: string; intValue?: number; doubleValue?: number; boolValue?: boolean }
type Pairs = { key: string; value: Value }[]
interface Sent {
  resourceSpans: { resource: { attributes: Pairs }; scopeSpans: { spans: SentSpan[] }[] }[]
}
interface SentSpan {
  name: string
  traceId: string
  spanId: string
  parentSpanId?: string
  links?: { spanId: string }[]
  attributes: Pairs
  status: { code: number; message?: string }
}

/** Starts a receiver of OTLP over HTTP, in JSON, that keeps all spans. */
export async function startTraceReceiver(): Promise<TraceReceiver> {
  const spans: ReceivedSpan[] = []
  const server = createServer(async (request, response) => {
    const isOurs = request.url === '/v1/traces' && request.headers['content-type'] === 'application/json'
    if (isOurs) spans.push(...received((await json(request)) as Sent))
    response.writeHead(isOurs ? 200 : 404, { 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => [...spans],
    stop: async () => {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

const received = ({ resourceSpans }: Sent): ReceivedSpan[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ name, traceId, spanId, parentSpanId = '', links = [], attributes, status }) => ({
        ...{ name, traceId, spanId, parentId: parentSpanId, links: links.map((link) => link.spanId) },
        service: String(valuesOf(resource.attributes)['service.name']),
        attributes: valuesOf(attributes),
        // Code 2 of OTLP: an error.
        failure: status.code === 2 ? (status.message ?? '') : undefined,
      })),
    ),
  )

const valuesOf = (pairs: Pairs): Record<string, unknown> =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value)[0]]))
