// Rows of the store as answers: streamed with back-pressure, or read once for all who ask the same at the same time.
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Store } from '#platform/clickhouse/client.ts'
import { type Question, streamRows } from '#platform/clickhouse/stream-rows.ts'
import type { AsOf } from './as-of.ts'
import { type Format, formats, mediaTypes, rowFormats } from './format.ts'
import { Problem } from './problem.ts'
import { spooled } from './spool.ts'

export interface RowAnswer {
  question: Question
  /** True: the answer is small. It is read whole, once for all who ask the same meanwhile. */
  isShared: boolean
  asOf: AsOf
  /** URL of the next page; null: this is the last one; absent: the answer has no pages. */
  next?: string | null
}

export interface RowSender {
  send: (request: FastifyRequest, reply: FastifyReply, answer: RowAnswer) => Promise<FastifyReply>
}

/**
 * Returns a sender of rows in the format that the request wants. JSON has the fields asOf, data and next.
 * @param onQuestion called for each question that reaches the store
 */
export function rowSender(store: Store, onQuestion: () => void = () => {}): RowSender {
  const shared = sharedBodies(store, onQuestion)
  return {
    send: async (request, reply, { question, isShared, asOf, next }) => {
      const format = formatOf(request)
      const signal = untilGone(reply)
      if (!isShared) onQuestion()
      const rows = isShared
        ? Readable.from([await shared(question, format, signal)], { objectMode: false })
        : await spooled(await streamRows(store, question, rowFormats[format], signal, settingsOf(format)), signal)
      // Also a client that has gone, and a HEAD, give the rows and their file back.
      reply.raw.once('close', () => rows.destroy())
      if (reply.raw.destroyed) rows.destroy()
      if (next) reply.header('Link', `<${next}>; rel="next"`)
      reply.type(format === 'csv' ? 'text/csv; charset=utf-8' : mediaTypes[format])
      return reply.send(format === 'json' ? envelope(rows, asOf, next) : rows)
    },
  }
}

function formatOf(request: FastifyRequest): Format {
  const asked = (request.query as { format?: Format }).format
  if (asked !== undefined) return asked
  const accepted = request.type(Object.values(mediaTypes))
  const format = formats.find((name) => mediaTypes[name] === accepted)
  if (format !== undefined) return format
  const known = Object.values(mediaTypes).join(', ')
  throw new Problem(406, 'Not acceptable', `The header Accept names none of ${known}. Leave it out for JSON.`)
}

const settingsOf = (format: Format) => (format === 'json' ? ({ output_format_json_array_of_rows: 1 } as const) : {})

/** Returns a signal that is aborted when the client has gone before the answer ended. */
export function untilGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  if (reply.raw.destroyed) gone.abort()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort()
  })
  return gone.signal
}

function envelope(rows: Readable, asOf: AsOf, next: string | null | undefined): Readable {
  const out = new PassThrough()
  out.on('error', () => {})
  out.write(`{"asOf":${JSON.stringify(asOf)},"data":`)
  rows.once('error', (error) => out.destroy(error))
  rows.once('end', () => out.end(`${next === undefined ? '' : `,"next":${JSON.stringify(next)}`}}\n`))
  out.once('close', () => rows.destroy())
  rows.pipe(out, { end: false })
  return out
}

interface UnderWay {
  body: Promise<Buffer>
  waiting: number
  cancel: AbortController
}

/** Returns a function that reads a body. Equal questions that are asked at the same time reach the store once. */
function sharedBodies(store: Store, onQuestion: () => void) {
  const underWay = new Map<string, UnderWay>()
  const begin = (key: string, question: Question, format: Format): UnderWay => {
    const cancel = new AbortController()
    onQuestion()
    const read = async (): Promise<Buffer> =>
      buffer(await streamRows(store, question, rowFormats[format], cancel.signal, settingsOf(format)))
    const begun = { body: read().finally(() => underWay.delete(key)), waiting: 0, cancel }
    underWay.set(key, begun)
    return begun
  }
  return async (question: Question, format: Format, signal: AbortSignal): Promise<Buffer> => {
    const key = JSON.stringify([format, question])
    const one = underWay.get(key) ?? begin(key, question, format)
    one.waiting++
    const leave = (): void => {
      one.waiting--
      if (one.waiting > 0) return
      underWay.delete(key)
      one.cancel.abort()
    }
    signal.addEventListener('abort', leave, { once: true })
    try {
      return await one.body
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }
}
