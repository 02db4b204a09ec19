// In which format rows are sent: by the suffix of the path (.csv), else by the header Accept, else JSON.
import type { RowFormat } from '#platform/clickhouse/stream-rows.ts'

export const formats = ['json', 'ndjson', 'csv', 'arrow'] as const
export type Format = (typeof formats)[number]

export const mediaTypes: Record<Format, string> = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
  arrow: 'application/vnd.apache.arrow.stream',
}

export const rowFormats: Record<Format, RowFormat> = {
  json: 'JSONEachRow',
  ndjson: 'JSONEachRow',
  csv: 'CSVWithNames',
  arrow: 'ArrowStream',
}

const suffix = /\.(json|ndjson|csv|arrow)$/

/** Takes the suffix of an API path, and adds it to the query as `format`. Other paths are returned unchanged. */
export function withoutSuffix(url: string): string {
  const [path = '', query = ''] = url.split(/\?(.*)/s)
  const format = path.startsWith('/api/v1/') ? suffix.exec(path)?.[1] : undefined
  if (format === undefined) return url
  const bare = path.slice(0, -format.length - 1)
  return `${bare}?format=${format}${query === '' ? '' : `&${query}`}`
}
