import { execFileSync } from 'node:child_process'
import { afterEach, expect, test, vi } from 'vitest'
import { startTraceReceiver, type TraceReceiver } from '../../test/support/trace-receiver.ts'
import { startSpan, startTracing, traceFields, tracesOf, withSpan } from './trace.ts'
import { readTraceContext, type TraceContext, traceHeaders } from './trace-context.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'
const context = (isSampled: boolean, id = spanId): TraceContext => ({ traceId, spanId: id, isSampled })

let receiver: TraceReceiver | undefined
let stop = async () => {}
afterEach(async () => {
  await stop()
  await receiver?.stop()
})

const said: string[] = []
const fields: object[] = []
const log = {
  warn: (about: object, text: string) => {
    fields.push(about)
    said.push(text)
  },
  info: (about: object) => void fields.push(about),
}
async function traced(ratio: number, endpointOf = (url: string) => url): Promise<void> {
  said.length = 0
  receiver = await startTraceReceiver()
  stop = await startTracing(
    'test',
    { OTEL_EXPORTER_OTLP_ENDPOINT: endpointOf(receiver.url), OTEL_TRACES_SAMPLER_ARG: ratio },
    log,
  )
}

/** Returns the spans that were sent, once there are `count`. A stop sends all spans together. */
async function sent(count: number) {
  await stop()
  await vi.waitUntil(() => (receiver?.spans().length ?? 0) >= count, waiting)
  return receiver?.spans() ?? []
}
const waiting = { timeout: 60_000 }

test('a context goes through the headers of a record and back', () => {
  const header = traceHeaders(context(true))
  expect(header).toEqual({ traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' })
  expect(readTraceContext(header)).toEqual(context(true))
  expect(readTraceContext({ traceparent: Buffer.from(traceHeaders(context(false)).traceparent!) })).toEqual(
    context(false),
  )
  // Of a header that is there twice the last one counts, as for all headers.
  expect(readTraceContext({ traceparent: ['x', header.traceparent!] })).toEqual(context(true))
})

test.each([
  ['no header', {}],
  ['no headers', undefined],
  ['null', { traceparent: null }],
  ['empty', { traceparent: '' }],
  ['an id of zeros', { traceparent: `00-${'0'.repeat(32)}-${spanId}-01` }],
  ['a span of zeros', { traceparent: `00-${traceId}-${'0'.repeat(16)}-01` }],
  ['capitals', { traceparent: `00-${traceId.toUpperCase()}-${spanId}-01` }],
  ['another version', { traceparent: `ff-${traceId}-${spanId}-01` }],
  ['a longer text', { traceparent: `00-${traceId}-${spanId}-01-x` }],
  ['many bytes', { traceparent: Buffer.alloc(1_000_000, '0') }],
  ['no UTF-8', { traceparent: Buffer.alloc(55, 0xff) }],
])('%s is not a context', (_, headers) => {
  expect(readTraceContext(headers)).toBeUndefined()
})

/** Counts the modules of OpenTelemetry that a process loads. */
function modulesLoaded(endpoint: string): number {
  const program = `
    import { registerHooks } from 'node:module'
    let count = 0
    registerHooks({ load: (url, about, next) => { count += Number(url.includes('@opentelemetry')); return next(url, about) } })
    const { startTracing, withSpan } = await import('#platform/tracing/trace.ts')
    const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: process.env.ENDPOINT || undefined, OTEL_TRACES_SAMPLER_ARG: 1 }
    const stop = await startTracing('test', settings, { info: () => {} })
    await withSpan('poll', { mayBeSampled: true }, () => {})
    console.log(count)
    process.exit()`
  const options = { encoding: 'utf8', env: { ...process.env, ENDPOINT: endpoint } } as const
  return Number(execFileSync(process.execPath, ['--input-type=module', '--eval', program], options))
}

test('while tracing is off, nothing of OpenTelemetry is loaded, no span is made and no header is read', async () => {
  expect(modulesLoaded('')).toBe(0)
  expect(modulesLoaded('http://127.0.0.1:9')).toBeGreaterThan(0)
  expect(tracesOf([{ headers: traceHeaders(context(true)) }]).from).toEqual([])
  expect(startSpan('poll', { mayBeSampled: true }).context).toBeUndefined()
  expect(await withSpan('poll', {}, () => traceFields())).toEqual({})
})

test('a batch of one trace continues it, and a batch of several is linked to them', async () => {
  await traced(0)
  const records = [context(true), context(true), context(true, '00f067aa0ba902b8')].map((one) => ({
    headers: traceHeaders(one),
  }))
  startSpan('one', { ...tracesOf(records.slice(0, 2)), attributes: { rows: 2, none: null } }).end()
  startSpan('several', tracesOf(records)).end()
  // A record without a trace belongs to another one, which is not sampled.
  startSpan('mixed', tracesOf([...records.slice(0, 2), {}])).end()
  const [one, several, mixed] = await sent(3)
  expect(one).toMatchObject({ service: 'tidemark-test', name: 'one', traceId, parentId: spanId, links: [] })
  expect(one?.attributes).toEqual({ rows: 2 })
  expect(several).toMatchObject({ parentId: '', links: [spanId, '00f067aa0ba902b8'] })
  expect(several?.traceId).not.toBe(traceId)
  expect(mixed).toMatchObject({ parentId: '', links: [spanId] })
})

test('a replay is linked to a trace of any age, and continues none', async () => {
  await traced(1)
  startSpan('replay', { isRoot: true, mayBeSampled: true, from: [context(false)] }).end()
  const [replay] = await sent(1)
  expect(replay).toMatchObject({ parentId: '', links: [spanId] })
  expect(replay?.traceId).not.toBe(traceId)
})

test('a trace that is not sampled is not sent, but for its failures', async () => {
  await traced(0)
  const headers: unknown[] = []
  const poll = withSpan('poll', { mayBeSampled: true }, async (outer) => {
    headers.push(traceHeaders(outer.context!))
    expect(traceFields()).toEqual({ trace_id: outer.context?.traceId })
    await withSpan('good', {}, () => {})
    await withSpan('bad', {}, () => {
      throw new Error('refused')
    })
  })
  await expect(poll).rejects.toThrow('refused')
  startSpan('good', { mayBeSampled: true }).end()
  expect(headers).toEqual([{ traceparent: expect.stringMatching(/-00$/) }])
  const spans = await sent(2)
  expect(spans.map(({ name, failure }) => [name, failure])).toEqual([
    ['bad', 'Error: refused'],
    ['poll', 'Error: refused'],
  ])
  expect(spans[0]).toMatchObject({ traceId: spans[1]?.traceId, parentId: spans[1]?.spanId })
})

test('only a span that may be sampled begins a sampled trace', async () => {
  await traced(1)
  startSpan('insert').end()
  startSpan('poll', { mayBeSampled: true }).end()
  expect((await sent(1)).map(({ name }) => name)).toEqual(['poll'])
})

test('what work leaves behind belongs to no trace after the work', async () => {
  await traced(1)
  const { promise, resolve } = Promise.withResolvers<void>()
  let later: Promise<object> | undefined
  await withSpan('poll', {}, () => {
    later = promise.then(traceFields)
  })
  resolve()
  expect(await later).toEqual({})
})

test('a receiver that is away stops nobody: spans are dropped up to the bound, and the log says so once', async () => {
  // Nothing listens on port 9 of loopback.
  await traced(1, () => 'http://user:secret@127.0.0.1:9')
  for (let made = 0; made < 10_000; made++) startSpan('poll', { mayBeSampled: true }).end()
  expect(said).toEqual(['traces cannot be sent: spans are dropped until they can'])
  await stop()
  expect(said).toHaveLength(1)
  expect(JSON.stringify(fields)).toContain('http://127.0.0.1:9')
  expect(JSON.stringify(fields)).not.toContain('secret')
})

test('a receiver that refuses the spans is said, too', async () => {
  await traced(1, (url) => `${url}/elsewhere`)
  startSpan('poll', { mayBeSampled: true }).end()
  await stop()
  await vi.waitUntil(() => said.length > 0, waiting)
  expect(receiver?.spans()).toEqual([])
  expect(said).toEqual(['traces cannot be sent: spans are dropped until they can'])
  expect(fields).toContainEqual({ receiver: receiver?.url, why: expect.stringContaining('Not Found') })
})
