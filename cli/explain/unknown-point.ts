import { quoteString } from '#local/clickhouse/quote.ts'
import type { StackFile } from '#local/stack-file.ts'
import { printable } from '#platform/process/printable.ts'
import { Problem } from '#platform/process/problem.ts'
import { rowsOf } from '../ask-store.ts'

/** Names are shorter; what is much longer need not be compared to the end. */
const comparedLetters = 200

/** Why there is nothing to say of a point, and what there is instead: keys that are alike, or the times of the series. */
export async function unknownPoint(stack: StackFile, dataset: string, key: string, atMs: number): Promise<Problem> {
  const shown = printable(key.slice(0, comparedLetters))
  const of = `dataset = ${quoteString(dataset)}`
  const [span] = await rowsOf<Span>(
    stack,
    `SELECT count() + 0.0 AS points, toString(min(ts)) AS first, toString(max(ts)) AS last,
            maxIf(toUnixTimestamp(ts), ts <= toDateTime(${Math.floor(atMs / 1_000)}, 'UTC')) AS beforeS,
            minIf(toUnixTimestamp(ts), ts > toDateTime(${Math.floor(atMs / 1_000)}, 'UTC')) AS afterS
     FROM tidemark.points WHERE ${of} AND key = ${quoteString(key)}`,
  )
  if (span !== undefined && span.points > 0) return new Problem(noSuchTime(dataset, shown, atMs, span))
  const alike = await rowsOf<{ key: string }>(
    stack,
    `SELECT DISTINCT key FROM tidemark.series WHERE ${of}
     ORDER BY damerauLevenshteinDistance(lower(toString(key)), lower(${quoteString(key.slice(0, comparedLetters))})), key
     LIMIT 5`,
  )
  if (alike.some((row) => row.key === key)) {
    return new Problem(
      `${dataset} ${shown} is known, but no value of it is stored: what today's code no longer yields was erased by a replay (table replays), or it was deleted (table deletions).`,
    )
  }
  if (alike.length === 0) return new Problem(`Nothing of ${dataset} is stored yet.`)
  const names = alike.map((row) => printable(row.key)).join(', ')
  return new Problem(`${dataset} has no key ${shown}; the most alike are ${names}.`)
}

/** What is stored of a series: UTC, s; 0 where there is none. */
interface Span {
  points: number
  first: string
  last: string
  beforeS: number
  afterS: number
}

function noSuchTime(dataset: string, key: string, atMs: number, { first, last, beforeS, afterS }: Span): string {
  const around = [beforeS, afterS].filter((seconds) => seconds > 0).map((seconds) => secondsText(seconds * 1_000))
  const nearest = around.length === 1 ? 'nearest is' : 'nearest are'
  const times = `its times go from ${first} to ${last} UTC, ${nearest} ${around.join(' and ')}`
  return `${dataset} ${key} has no value at ${secondsText(atMs)}: ${times}.`
}

const secondsText = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z')
