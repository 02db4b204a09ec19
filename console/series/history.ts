import type { Dataset, GridValue, KnownValue, Rows, SeriesName, WindowState } from '../api/records.ts'
import { type Answer, ask, pathOf, useAnswer } from '../api/request.ts'
import { pointsOf, type SeriesHistory } from './knowledge.ts'

export interface Span {
  fromMs: number
  toMs: number
}

/** A window that is not complete. */
export interface MissingSpan extends Span {
  dataset: string
  class: 'late' | 'partial' | 'lost' | 'retracted' | 'not-yet-due'
  cause: string | null
  detail: string | null
  since: string | null
  expectedBy: string | null
}

export interface Loaded {
  histories: SeriesHistory[]
  missing: MissingSpan[]
}

const pageRows = 10_000
const isoOf = (ms: number): string => new Date(ms).toISOString()

/** Splits `dataset/key`. A key may have slashes. */
export function splitName(name: string): { dataset: string; key: string } {
  const at = name.indexOf('/')
  return at < 0 ? { dataset: name, key: '' } : { dataset: name.slice(0, at), key: name.slice(at + 1) }
}

/** Returns all that was ever known of series in a span, and asks anew when `version` changes. */
export function useHistories(names: readonly string[], span: Span, version: number): Answer<Loaded> {
  const { fromMs, toMs } = span
  const named = names.length === 0 ? null : `histories ${JSON.stringify([names, fromMs, toMs])}`
  return useAnswer<Loaded>(named, {
    refresh: version,
    load: async (_, signal, show) => {
      const histories = await Promise.all(names.map((name) => readHistory(name, span, signal)))
      // What is missing takes longer, and the chart does not wait for it.
      show({ histories, missing: [] })
      const datasets = [...new Set(names.map((name) => splitName(name).dataset))]
      const missing = await Promise.all(datasets.map((each) => readMissing(each, span, signal)))
      return { histories, missing: missing.flat() }
    },
  })
}

async function readHistory(name: string, { fromMs, toMs }: Span, signal: AbortSignal): Promise<SeriesHistory> {
  const { dataset, key } = splitName(name)
  const path = `series/${encodeURIComponent(dataset)}/${encodeURIComponent(key)}`
  const span = { from: isoOf(fromMs), to: isoOf(toMs) }
  const [grid, known, [series], { zone }] = await Promise.all([
    ask<Rows<GridValue>>(pathOf(path, span), { signal }),
    readPages<KnownValue>(pathOf(`${path}/history`, { ...span, limit: pageRows }), signal),
    seriesOf(dataset, key, signal),
    ask<Dataset>(`datasets/${encodeURIComponent(dataset)}`, { signal }),
  ])
  return { name, unit: series?.unit ?? '', zone, points: pointsOf(grid.data, known) }
}

async function seriesOf(dataset: string, key: string, signal: AbortSignal): Promise<SeriesName[]> {
  const { data } = await ask<Rows<SeriesName>>(pathOf('series', { dataset, q: key, limit: 1_000 }), { signal })
  return data.filter((series) => series.key === key)
}

async function readPages<Row>(first: string, signal: AbortSignal): Promise<Row[]> {
  const rows: Row[] = []
  for (let path: string | null = first; path !== null; ) {
    const page: Rows<Row> = await ask<Rows<Row>>(path, { signal })
    rows.push(...page.data)
    path = page.next?.replace(/^\/api\/v1\//, '') ?? null
  }
  return rows
}

const incomplete = ['late', 'partial', 'lost', 'retracted', 'not-yet-due'] as const

async function readMissing(dataset: string, { fromMs, toMs }: Span, signal: AbortSignal): Promise<MissingSpan[]> {
  const path = pathOf('completeness', { dataset, from: isoOf(fromMs), to: isoOf(toMs), limit: pageRows })
  const { data } = await ask<Rows<WindowState>>(path, { signal })
  return data.flatMap((row): MissingSpan[] => {
    const of = incomplete.find((each) => each === row.class)
    if (of === undefined) return []
    const { cause, detail, since, expected_by: expectedBy } = row
    const span = { fromMs: Date.parse(row.window_start), toMs: Date.parse(row.window_end) }
    return [{ dataset, class: of, cause, detail, since, expectedBy, ...span }]
  })
}
