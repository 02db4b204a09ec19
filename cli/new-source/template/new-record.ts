// One JSON answer a business day: {"rows":[{"id":"a1","time":"2026-04-21T06:30:00Z","text":"..."}]}
// TODO: where this is documented, how often it is published and revised, what is odd about it.
import { z } from 'zod'
import { readJson } from '#sources/answers/json.ts'
import { isRefusal, quoteJson, refused } from '#sources/answers/refusal.ts'
import type { Answer, Coverage, Dataset, ExplodeResult, OwnRecord, Refusal, Window } from '#sources/source.ts'
import type { NewRecord } from './generated/records.ts'
import { newRecordTable, newRecordTopic, newRecordView } from './new-record-store.ts'

export const newRecordDataset: Dataset = {
  name: 'new-source.new-record',
  title: 'TODO: the dataset in a few words',
  description: 'TODO: what it is and what it is good for, a few sentences.',
  page: 'https://data.example.org/v1/daily/new-record',
  // Set to 'recorded' when samples/ holds a real answer of upstream.
  shape: 'documented',
  unit: 'record',
  steps: [{ fromMs: Date.parse('2025-12-31T23:00:00Z'), stepS: 86_400 }],
  keys: { pattern: '<window>/<id>', example: '2026-04-20T22:00:00.000Z/a1', labels: {} },
  expectations: ['an id stands once in a business day'],
  // Version of explode. Increase it whenever explode returns something else for the same answer.
  transformVersion: 0,
  schedule: 'auto',
  calendar: {
    ...{ kind: 'days', window: 'day', zone: 'Europe/Brussels', firstDay: '2026-01-01', searchFrom: '09:00' },
    expected: { notKnown: 'TODO: why the time is not known, or expectedBy and lateAfterS' },
  },
  asking: {
    autoBackfill: true,
    meaningfulStatuses: [],
    maxBodyBytes: 1024 * 1024,
    requestPath: ({ window }) => `/v1/daily/new-record?from=${iso(window.startMs)}&to=${iso(window.endMs)}`,
    assess: (body, { window }) => assess(body, window),
  },
  // Where deletions, replays and readers find these records.
  records: { topics: [newRecordTopic.suffix], from: `tidemark.${newRecordView.name}`, tables: [newRecordTable] },
  explode,
  labels: () => ({}),
  view: newRecordView,
}

const answerSchema = z.object({
  rows: z.array(z.object({ id: z.string().min(1), time: z.iso.datetime({ offset: true }), text: z.string() })),
})

/** Fields that upstream gives. The platform adds the others. */
type Fields = Pick<NewRecord, 'id' | 'time' | 'text'>

/** Throws if explode would refuse the answer, so that such an answer does not end the search for the window. */
function assess(body: Uint8Array, window: Window): Coverage {
  const rows = readRows(body, window)
  if (isRefusal(rows)) throw new Error(`${rows.reason}: ${rows.message}`)
  return rows.length === 0 ? 'empty' : 'complete'
}

/** Pure. Returns one record per row. */
export function explode({ body, window }: Answer): ExplodeResult {
  const rows = readRows(body, window)
  if (isRefusal(rows)) return { slices: [], refusal: rows, ignored: {} }
  const records = rows.map((fields): OwnRecord => {
    return { topic: newRecordTopic.suffix, key: `${iso(window.startMs)}/${fields.id}`, fields: { ...fields } }
  })
  return { slices: [], records, ignored: {} }
}

function readRows(body: Uint8Array, window: Window): Fields[] | Refusal {
  const json = readJson(body)
  if (isRefusal(json)) return json
  const parsed = answerSchema.safeParse(json.value)
  if (!parsed.success) return refused('schema', z.prettifyError(parsed.error).slice(0, 300))
  const rows = parsed.data.rows.map(({ id, time, text }): Fields => ({ id, time: Date.parse(time), text }))
  const seen = new Set<string>()
  for (const { id, time } of rows) {
    if (time < window.startMs || time >= window.endMs)
      return refused('outside-window', `the row ${quoteJson(id)} is of ${iso(time)}`)
    if (seen.has(id)) return refused('conflicting-rows', `two rows have the id ${quoteJson(id)}`)
    seen.add(id)
  }
  return rows
}

const iso = (ms: number): string => new Date(ms).toISOString()
