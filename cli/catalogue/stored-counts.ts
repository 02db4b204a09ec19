import { quoteString } from '#local/clickhouse/quote.ts'
import type { StackFile } from '#local/stack-file.ts'
import type { Dataset } from '#sources/source.ts'
import { rowsOf } from '../ask-store.ts'

export interface Count {
  dataset: string
  /** Number of points, including duplicates that ClickHouse has not merged yet. */
  points: number
  /** Time of the newest point, ISO 8601 UTC; null if there are no points. */
  newest: string | null
}

/** Counts the points of each dataset. Takes 0.2 s for 35 million rows, because it reads two narrow columns. */
export const countPoints = (stack: StackFile): Promise<Count[]> =>
  rowsOf(
    stack,
    `SELECT toString(p.dataset) AS dataset, toFloat64(count()) AS points, ${timeText('max(p.ts)')} AS newest
     FROM points AS p GROUP BY p.dataset`,
  )

export interface StoredCounts {
  points: number
  series: number
  first: string | null
  last: string | null
  pointVersions: number
  newestKnownAt: string | null
  /** Average number of revisions per day over the last seven days; null for ticks, which are never revised. */
  revisionsADay: number | null
  /** Bytes on disk of the dataset in `points` and `point_revisions`, estimated from its share of their rows. */
  bytesAbout: number
  /** Number of own records, and the FROM clause that reads them; null if the dataset declares no own records. */
  records: { rows: number; from: string } | null
  answers: number
  answerBytes: number
}

export async function storedCounts(stack: StackFile, { name, calendar, records: own }: Dataset): Promise<StoredCounts> {
  const of = `WHERE dataset = ${quoteString(name)}`
  const one = async <Row>(sql: string): Promise<Row> => (await rowsOf<Row>(stack, sql))[0] as Row
  const [points, known, series, polls, revisions, records, tables] = await Promise.all([
    one<Pick<StoredCounts, 'points' | 'first' | 'last'>>(
      `SELECT toFloat64(count()) AS points, ${timeText('minOrNull(ts)')} AS first, ${timeText('maxOrNull(ts)')} AS last FROM points ${of}`,
    ),
    one<Pick<StoredCounts, 'pointVersions' | 'newestKnownAt'>>(
      `SELECT toFloat64(count()) AS pointVersions, ${timeText('maxOrNull(known_at)')} AS newestKnownAt FROM point_revisions ${of}`,
    ),
    one<Pick<StoredCounts, 'series'>>(`SELECT toFloat64(count()) AS series FROM series FINAL ${of}`),
    one<Pick<StoredCounts, 'answers' | 'answerBytes'>>(
      `SELECT toFloat64(count()) AS answers, toFloat64(sum(bytes)) AS answerBytes FROM polls FINAL ${of} AND raw_offset IS NOT NULL`,
    ),
    calendar.kind === 'ticks' ? null : one<{ revisions: number }>(lateRevisions(of)),
    own ? one<{ rows: number }>(`SELECT toFloat64(count()) AS rows FROM ${own.from}`) : null,
    rowsOf<{ table: string; bytes: number; rows: number }>(stack, tableSizes),
  ])
  const share = (table: string, rows: number): number => {
    const size = tables.find((found) => found.table === table)
    return size && size.rows > 0 ? (size.bytes * rows) / size.rows : 0
  }
  return {
    ...points,
    ...known,
    ...series,
    ...polls,
    records: own && records ? { rows: records.rows, from: own.from } : null,
    revisionsADay: revisions && revisions.revisions / revisionDays,
    bytesAbout: Math.round(share('points', points.points) + share('point_revisions', known.pointVersions)),
  }
}

const revisionDays = 7

/** Returns SQL that counts revisions of seven days. Unlike view `changes`, it reads the points of one dataset only. */
const lateRevisions = (of: string): string => `
  SELECT toFloat64(count()) AS revisions FROM revisions
  ${of} AND known_at > now64(3) - INTERVAL ${revisionDays} DAY AND (dataset, key, ts) IN (
    SELECT dataset, key, ts FROM point_revisions ${of} AND known_at > now64(3) - INTERVAL ${revisionDays} DAY)`

const tableSizes = `
  SELECT table, toFloat64(sum(bytes_on_disk)) AS bytes, toFloat64(sum(rows)) AS rows FROM system.parts
  WHERE database = 'tidemark' AND active AND table IN ('points', 'point_revisions') GROUP BY table`

const timeText = (time: string): string => `formatDateTime(${time}, '%Y-%m-%dT%H:%i:%SZ', 'UTC')`
