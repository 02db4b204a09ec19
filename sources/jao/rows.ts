// Parses an answer: {"data":[{"id":..,"dateTimeUtc":"..","border_AT_BE":4346.0,..}],"rejected":false,..}
import { z } from 'zod'
import { readJson } from '../answers/json.ts'
import { isRefusal, quoteJson, refused } from '../answers/refusal.ts'
import { showWindow, utcMs } from '../answers/times.ts'
import type { Refusal, Window } from '../source.ts'

export interface Row {
  timeMs: number
  index: number
  cells: Record<string, unknown>
}

export interface Rows {
  rows: Row[]
  envelope: Omit<z.infer<typeof envelope>, 'data'>
  /** Number of rows that start at the end of the window. Some answers include such a row, which is ignored. */
  atWindowEnd: number
}

// Only the envelope has a schema. A schema of the rows would copy every cell, which took longer than parsing.
const envelope = z.object({
  data: z.array(z.unknown()),
  rejected: z.boolean().nullish(),
  messages: z.unknown().optional(),
  lastModifiedOn: z.unknown().optional(),
  skip: z.unknown().optional(),
  take: z.unknown().optional(),
  totalRows: z.unknown().optional(),
  totalRowsWithFilter: z.unknown().optional(),
})

const rejection = z.object({ rejected: z.literal(true), messages: z.unknown().optional() })

/** Returns why upstream rejected the request, or why the JSON of an answer is no list of rows. Otherwise its envelope. */
export function readEnvelope(json: unknown): z.infer<typeof envelope> | Refusal {
  const rejected = rejection.safeParse(json)
  if (rejected.success) {
    const messages = quoteJson(rejected.data.messages ?? null, 500)
    return refused('upstream-rejected', `upstream rejected the request: ${messages}`)
  }
  const parsed = envelope.safeParse(json)
  return parsed.success ? parsed.data : refused('schema', `not an answer with rows: ${firstIssue(parsed.error)}`)
}

export function readRows(body: Uint8Array, window: Window): Rows | Refusal {
  const json = readJson(body)
  if (isRefusal(json)) return json
  const read = readEnvelope(json.value)
  if (isRefusal(read)) return read

  const rows: Row[] = []
  let atWindowEnd = 0
  for (const [index, cells] of read.data.entries()) {
    if (!isRow(cells)) return refused('schema', `data[${index}] is no row with a text dateTimeUtc`)
    const timeMs = utcMs(cells.dateTimeUtc)
    if (timeMs === undefined) {
      return refused(
        'type',
        `data[${index}].dateTimeUtc is no UTC time (with Z or +00:00): ${cells.dateTimeUtc.slice(0, 40)}`,
      )
    }
    if (timeMs === window.endMs) atWindowEnd++
    else if (timeMs < window.startMs || timeMs > window.endMs) {
      return refused('outside-window', `data[${index}] is of ${cells.dateTimeUtc}, outside ${showWindow(window)}`)
    } else rows.push({ timeMs, index, cells })
  }
  return { rows, envelope: read, atWindowEnd }
}

const isRow = (cells: unknown): cells is Record<string, unknown> & { dateTimeUtc: string } =>
  typeof cells === 'object' && cells !== null && 'dateTimeUtc' in cells && typeof cells.dateTimeUtc === 'string'

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0]
  return issue ? `${issue.path.join('.')}: ${issue.message}` : 'unknown'
}
