import type { ReportedWindow } from '#operations/report/report.ts'

const instant = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

const columns: readonly [name: string, of: (window: ReportedWindow) => string | number | boolean | null][] = [
  ['source', ({ source }) => source],
  ['dataset', ({ dataset }) => dataset],
  ['selector', ({ selector }) => selector],
  ['window_start', ({ startMs }) => instant(startMs)],
  ['window_end', ({ endMs }) => instant(endMs)],
  ['class', (window) => window.class],
  ['cause', ({ cause }) => cause],
  ['since', ({ sinceMs }) => instant(sinceMs)],
  ['detail', ({ detail }) => detail],
  ['lateness_s', ({ latenessS }) => latenessS],
  ['expected_by', ({ expectedByMs }) => instant(expectedByMs)],
  ['late_after', ({ lateAfterMs }) => instant(lateAfterMs)],
  ['points', ({ points }) => points],
  ['expected_points', ({ expectedPoints }) => expectedPoints],
  ['keys', ({ keys }) => keys],
  ['usual_keys', ({ usualKeys }) => usualKeys],
  ['last_revised_at', ({ lastRevisedMs }) => instant(lastRevisedMs)],
  ['is_watched', ({ isWatched }) => isWatched],
  ['why', ({ why }) => why],
  ['findings', ({ findings }) => findings],
]

/** Returns CSV with a header (RFC 4180, lines end with LF): a row a window. A null is an empty field, a text has quotes. */
export function reportCsv(windows: readonly ReportedWindow[]): string {
  const lines = windows.map((window) => columns.map(([, of]) => field(of(window))).join(','))
  return `${[columns.map(([name]) => name).join(','), ...lines].join('\n')}\n`
}

const field = (value: string | number | boolean | null): string => {
  if (value === null) return ''
  return typeof value === 'string' && /[",\n\r]|^$/.test(value) ? `"${value.replaceAll('"', '""')}"` : `${value}`
}
