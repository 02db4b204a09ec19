import { useEffect, useRef, useState } from 'preact/hooks'
import type { Dataset, GridValue, KnownValue, Rows, SeriesName, WindowState } from '../api/records.ts'
import { ask, awaySince, Problem, pathOf } from '../api/request.ts'
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

export type Loading = { state: 'loading' } | { state: 'ready'; value: Loaded } | { state: 'failed'; problem: Problem }

const pageRows = 10_000
const retryMs = 3_000
const isoOf = (ms: number): string => new Date(ms).toISOString()

/** Splits `dataset/key`. A key may have slashes. */
export function splitName(name: string): { dataset: string; key: string } {
  const at = name.indexOf('/')
  return at < 0 ? { dataset: name, key: '' } : { dataset: name.slice(0, at), key: name.slice(at + 1) }
}

/** Returns all that was ever known of series in a span, and asks anew when `version` changes. */
export function useHistories(names: readonly string[], { fromMs, toMs }: Span, version: number): Loading {
  const [found, setFound] = useState<Loading>({ state: 'loading' })
  const asked = JSON.stringify([names, fromMs, toMs])
  const shown = useRef('')
  useEffect(() => {
    const stop = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    if (shown.current !== asked) setFound({ state: 'loading' })
    const load = async (): Promise<void> => {
      try {
        const wanted: string[] = JSON.parse(asked)[0]
        const histories = await Promise.all(wanted.map((name) => readHistory(name, { fromMs, toMs }, stop.signal)))
        const isNew = shown.current !== asked
        shown.current = asked
        // What is missing takes longer, and the chart does not wait for it.
        if (isNew) setFound({ state: 'ready', value: { histories, missing: [] } })
        const datasets = [...new Set(wanted.map((name) => splitName(name).dataset))]
        const missing = await Promise.all(datasets.map((each) => readMissing(each, { fromMs, toMs }, stop.signal)))
        setFound({ state: 'ready', value: { histories, missing: missing.flat() } })
      } catch (error) {
        if (stop.signal.aborted) return
        if (error instanceof Problem && error.status < 500) return setFound({ state: 'failed', problem: error })
        if (!(error instanceof Problem)) awaySince.value ??= Date.now()
        timer = setTimeout(load, retryMs)
      }
    }
    void load()
    return () => {
      stop.abort()
      clearTimeout(timer)
    }
  }, [asked, fromMs, toMs, version])
  return found
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
