// Reads the rows of a JAO answer: {"data":[{"id":..,"dateTimeUtc":"..","border_AT_BE":4346.0,..}],"rejected":false,..}
import { z } from 'zod'
import type { Refusal, Window } from '../source.ts'
import { hasDoubledKeys } from './doubled-keys.ts'
import { isRefusal, refused } from './refusal.ts'

/** A row inside the window. Cells are not looked at yet. */
export interface Row {
  timeMs: number
  /** Its place in the answer's `data`. */
  index: number
  cells: Record<string, unknown>
}

export interface Rows {
  rows: Row[]
  /** Rows that start exactly where the window ends: some answers include it. */
  atWindowEnd: number
}

// Rows are checked by hand below: a schema would copy every cell, which took longer than parsing the JSON.
const envelope = z.object({
  data: z.array(z.unknown()),
  rejected: z.boolean().nullish(),
  messages: z.unknown().optional(),
})

const rejection = z.object({ rejected: z.literal(true), messages: z.unknown().optional() })

/** The rows of an answer, or why it is refused as a whole. */
export function readRows(body: Uint8Array, window: Window): Rows | Refusal {
  const json = parseJson(body)
  if (isRefusal(json)) return json
  const rejected = rejection.safeParse(json.value)
  if (rejected.success) {
    const messages = JSON.stringify(rejected.data.messages ?? null).slice(0, 500)
    return refused('upstream-rejected', `upstream rejected the request: ${messages}`)
  }
  const parsed = envelope.safeParse(json.value)
  if (!parsed.success) return refused('schema', `not an answer with rows: ${firstIssue(parsed.error)}`)

  if (hasDoubledKeys(body, json.value)) return refused('schema', 'an object of the answer has the same key twice')

  const rows: Row[] = []
  let atWindowEnd = 0
  for (const [index, cells] of parsed.data.data.entries()) {
    if (!isRow(cells)) return refused('schema', `data[${index}] is no row with a text dateTimeUtc`)
    const timeMs = utcMs(cells.dateTimeUtc)
    if (timeMs === undefined) {
      return refused('type', `data[${index}].dateTimeUtc is no UTC time: ${cells.dateTimeUtc.slice(0, 40)}`)
    }
    if (timeMs === window.endMs) atWindowEnd++
    else if (timeMs < window.startMs || timeMs > window.endMs) {
      return refused('outside-window', `data[${index}] is of ${cells.dateTimeUtc}, outside ${show(window)}`)
    } else rows.push({ timeMs, index, cells })
  }
  return { rows, atWindowEnd }
}

const isRow = (cells: unknown): cells is Record<string, unknown> & { dateTimeUtc: string } =>
  typeof cells === 'object' && cells !== null && 'dateTimeUtc' in cells && typeof cells.dateTimeUtc === 'string'

const utf8 = new TextDecoder('utf-8', { fatal: true })

function parseJson(body: Uint8Array): { value: unknown } | Refusal {
  try {
    return { value: JSON.parse(utf8.decode(body)) }
  } catch (error) {
    const start = Buffer.from(body.subarray(0, 60)).toString('utf8')
    return refused('not-json', `the body is no JSON (${(error as Error).message}); it starts ${start}`)
  }
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0]
  return issue ? `${issue.path.join('.')}: ${issue.message}` : 'unknown'
}

const utcPattern = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.0{1,7})?Z$/

/** Milliseconds of a UTC time text, undefined where it is none (an impossible date included). */
function utcMs(text: string): number | undefined {
  const match = utcPattern.exec(text)
  if (!match) return undefined
  const ms = Date.parse(`${text.slice(0, 19)}Z`)
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 19) !== text.slice(0, 19)) return undefined
  return ms
}

const show = (window: Window): string =>
  `${new Date(window.startMs).toISOString()} to ${new Date(window.endMs).toISOString()}`
