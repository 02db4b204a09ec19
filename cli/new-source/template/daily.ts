// One JSON answer a business day: {"values":[{"time":"2026-04-20T22:00:00Z","north":10,"south":null}, ...]}
// TODO: where this is documented, how often it is published and revised, what is odd about it.
import { z } from 'zod'
import { readJson } from '#sources/answers/json.ts'
import { isRefusal } from '#sources/answers/refusal.ts'
import type { Answer, Coverage, Dataset, ExplodeResult, Refusal, Slice, Window } from '#sources/source.ts'

const stepS = 3_600
// Maximum number of keys of an answer. An answer with more keys is refused.
const maxKeys = 1_000
const plausible = { min: -1_000, max: 1_000 }

export const newSourceDaily: Dataset = {
  name: 'new-source.daily',
  title: 'TODO: the dataset in a few words',
  description: 'TODO: what it is and what it is good for, a few sentences.',
  page: 'https://data.example.org/v1/daily',
  // Set to 'recorded' when samples/ holds a real answer of upstream.
  shape: 'documented',
  unit: 'TODO: MW, EUR/MWh, ...',
  steps: [{ fromMs: Date.parse('2025-12-31T23:00:00Z'), stepS }],
  // `pattern` describes the keys, which are the answer's columns. Explain every label that labels() returns.
  keys: { pattern: '<station>', example: 'north', labels: { station: 'TODO: what a station is' } },
  // Values outside this range are stored with the flag `implausible`, never dropped.
  plausible,
  expectations: ['every hour of the business day has a row with a value'],
  // Version of explode. Increase it whenever explode returns something else for the same answer.
  transformVersion: 0,
  // `auto`: new windows are polled by themselves. `on-demand`: only `backfill` fetches. `off`: nothing is read.
  schedule: 'auto',
  // Windows are local days, from midnight to midnight: 23 or 25 hours when the clock changes.
  calendar: {
    ...{ kind: 'days', window: 'day', zone: 'Europe/Brussels', firstDay: '2026-01-01', searchFrom: '09:00' },
    // By when upstream publishes, such as { expectedBy: '11:00', lateAfterS: 1800 }. With `notKnown`, nothing is late.
    expected: { notKnown: 'TODO: why the time is not known, or expectedBy and lateAfterS' },
  },
  asking: {
    autoBackfill: true,
    // HTTP statuses besides 200 whose answers are kept, for example 404 for an empty day.
    meaningfulStatuses: [],
    maxBodyBytes: 1024 * 1024,
    requestPath: ({ window }) => `/v1/daily?from=${iso(window.startMs)}&to=${iso(window.endMs)}`,
    assess: (body, { window }) => assess(body, window),
  },
  explode,
  labels: (key) => ({ station: key }),
  // The view that users query: the newest values, with columns named as users know them.
  view: {
    name: 'new_source_daily',
    select: `SELECT ts AS delivery_start, key AS station, value, known_at
      FROM tidemark.latest WHERE dataset = 'new-source.daily'`,
  },
}

/** Schema of an answer. A row has its time, and a number or null per station. Fields beside `values` are ignored. */
const answerSchema = z.object({
  values: z.array(z.object({ time: z.iso.datetime({ offset: true }) }).catchall(z.number().nullable())),
})

/**
 * Returns `complete` if every hour of the window has a value. Rows may be published before their values, so hours count
 * only with a value. After `complete`, the poller no longer searches for the window. Throws if explode would refuse the
 * answer, so that such an answer does not end the search.
 */
function assess(body: Uint8Array, window: Window): Coverage {
  const rows = readRows(body, window)
  if ('reason' in rows) throw new Error(`${rows.reason}: ${rows.message}`)
  if (rows.size === 0) return 'empty'
  const withValue = [...rows.values()].filter((row) => [...row.values()].some((value) => value !== null))
  return withValue.length === stepsOf(window) ? 'complete' : 'partial'
}

/** Pure. Returns one slice per station over the whole window; a missing value is null. */
export function explode({ body, window }: Answer): ExplodeResult {
  const rows = readRows(body, window)
  if ('reason' in rows) return { slices: [], refusal: rows, ignored: {} }
  const stations = new Set([...rows.values()].flatMap((row) => [...row.keys()]))
  if (stations.size > maxKeys) {
    return { slices: [], refusal: { reason: 'too-many-keys', message: `${stations.size} stations` }, ignored: {} }
  }
  const slices = [...stations].map((key): Slice => {
    const values = Array.from({ length: stepsOf(window) }, (_, step) => rows.get(step)?.get(key) ?? null)
    const odd = values.some((value) => value !== null && (value < plausible.min || value > plausible.max))
    return { key, startMs: window.startMs, stepS, values, flags: odd ? ['implausible'] : [] }
  })
  return { slices, ignored: {} }
}

/** Values of one hour by station. A Map is safe for a station named `constructor`. */
type Row = ReadonlyMap<string, number | null>

/** Returns the rows by index in the window, or the reason for a refusal. */
function readRows(body: Uint8Array, window: Window): Map<number, Row> | Refusal {
  const json = readJson(body)
  if (isRefusal(json)) return json
  const parsed = answerSchema.safeParse(json.value)
  if (!parsed.success) return { reason: 'schema', message: z.prettifyError(parsed.error).slice(0, 300) }
  const rows = new Map<number, Row>()
  for (const { time, ...values } of parsed.data.values) {
    const step = (Date.parse(time) - window.startMs) / 1000 / stepS
    if (step < 0 || step >= stepsOf(window)) return { reason: 'outside-window', message: `a row is of ${time}` }
    if (!Number.isInteger(step)) return { reason: 'step', message: `a row of ${time} lies on no step of ${stepS} s` }
    if (rows.has(step)) return { reason: 'conflicting-rows', message: `two rows are of ${time}` }
    rows.set(step, new Map(Object.entries(values)))
  }
  // Without stations nothing would be stored. Refuse the answer, so that this is noticed.
  if (rows.size > 0 && [...rows.values()].every((row) => row.size === 0))
    return { reason: 'schema', message: 'the rows name no station' }
  return rows
}

const stepsOf = (window: Window): number => (window.endMs - window.startMs) / 1000 / stepS

const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 19).concat('Z')
