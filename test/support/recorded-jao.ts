import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { secondsText } from '#simulator/jao/answer.ts'
import { readWindow } from '#simulator/jao/window.ts'

const RECORDED = 'jao/core_max_exchanges.json'
const API_PATH = '/core/api/data/maxexchanges'
const HOUR_MS = 3_600_000
const EMPTY = '{"data":[],"rejected":false,"messages":null}'

/** A recorded answer: its bytes, its rows as text, and its window in ms, end exclusive. */
export type Recording = {
  readonly body: Buffer
  readonly rows: readonly { readonly hourMs: number; readonly text: string }[]
  readonly fromMs: number
  readonly toMs: number
}

export type RecordedJao = {
  readonly url: string
  readonly recording: Recording
  readonly asked: readonly string[]
  readonly stop: () => Promise<void>
}

/** Returns the directory of recordings: TIDEMARK_RECORDINGS, otherwise `../shared/data` beside the project. */
export function recordingsDir(): string {
  return process.env.TIDEMARK_RECORDINGS ?? join(import.meta.dirname, '../../../shared/data')
}

/** Returns the recorded answer. Warns and returns undefined if it is absent. */
export function readRecording(dataDir = recordingsDir()): Recording | undefined {
  const path = join(dataDir, RECORDED)
  let body: Buffer
  try {
    body = readFileSync(path)
  } catch (error) {
    console.warn(
      `NOT CHECKED against JAO's recorded answer: ${path} cannot be read (${(error as Error).message}). ` +
        'Set TIDEMARK_RECORDINGS to the directory that holds it.',
    )
    return undefined
  }
  const rows = [...body.toString('utf8').matchAll(/\{"id":[^{}]*\}/g)].map(([text]) => ({
    hourMs: Date.parse(/"dateTimeUtc":"([^"]+)"/.exec(text)?.[1] ?? ''),
    text,
  }))
  const [first, last] = [rows[0], rows.at(-1)]
  if (first === undefined || last === undefined) throw new Error(`${path} holds no rows`)
  return { body, rows, fromMs: first.hourMs, toMs: last.hourMs + HOUR_MS }
}

/** Serves the recorded bytes for their window, and recorded rows for others. Undefined if there is no recording. */
export async function startRecordedJao(dataDir = recordingsDir()): Promise<RecordedJao | undefined> {
  const recording = readRecording(dataDir)
  if (recording === undefined) return undefined
  const asked: string[] = []
  const server = createServer((request, response) => {
    const url = URL.parse(request.url ?? '/', 'http://recorded')
    if (url?.pathname.toLowerCase() !== API_PATH) {
      response.writeHead(404).end()
      return
    }
    asked.push(url.search)
    const { status, type, body } = answer(recording, url.searchParams)
    response
      .writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'content-length': body.byteLength })
      .end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${port}`, recording, asked, stop }
}

function answer(recording: Recording, query: URLSearchParams): { status: number; type: string; body: Buffer } {
  const window = readWindow(query)
  if (window.errors) {
    const problem = { title: 'One or more validation errors occurred.', status: 400, errors: window.errors }
    return { status: 400, type: 'application/problem+json', body: Buffer.from(JSON.stringify(problem)) }
  }
  const ok = (body: Buffer) => ({ status: 200, type: 'application/json', body })
  if (window.fromMs === recording.fromMs && window.toMs === recording.toMs) return ok(recording.body)
  const rows = recording.rows.filter(({ hourMs }) => hourMs >= window.fromMs && hourMs < window.toMs)
  return ok(Buffer.from(EMPTY.replace('[]', () => `[${rows.map(({ text }) => text).join(',')}]`)))
}

export function windowQuery(fromMs: number, toMs: number): string {
  return `FromUtc=${secondsText(fromMs)}&ToUtc=${secondsText(toMs)}`
}
