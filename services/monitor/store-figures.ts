import { database, readRows, type Store } from '#platform/clickhouse/client.ts'
import type { StoredClock } from './stored-clock.ts'

/** An answer that became visible in the store. Both times are ms UTC, by the pollers' clock, which may be a simulated one. */
export interface StoredAnswer {
  dataset: string
  knownAtMs: number
  storedAtMs: number
}

/** What the store says about itself and about what was refused. */
export interface StoreFigures {
  parked: string[]
  /** Number of open dead letters by topic. A topic without open letters is absent. */
  openLetters: Map<string, number>
  disks: { disk: string; freeBytes: number; totalBytes: number }[]
  /** The answers that were stored since the last reading. */
  answers: StoredAnswer[]
}

/** Maximum number of answers of a reading. The next reading returns the others. */
const maxAnswers = 20_000
/** An insert takes its time before it is visible, so newer answers wait for the next reading, ms of real time. */
const settleMs = 5_000

/** Returns a function that reads the figures. Answers that were stored before its first call are not returned. */
export function storeFigures(store: Store, storedNow: StoredClock): () => Promise<StoreFigures> {
  let seenToMs: number | undefined
  const ask = <Row>(query: string, parameters: Record<string, unknown> = {}): Promise<Row[]> =>
    readRows<Row>(store, query, parameters)
  const newAnswers = async (): Promise<StoredAnswer[]> => {
    const settledToMs = await storedNow(settleMs)
    if (seenToMs === undefined) {
      seenToMs = settledToMs
      return []
    }
    const answers = await ask<StoredAnswer>(
      `SELECT dataset, toUnixTimestamp64Milli(known_at) AS knownAtMs, toUnixTimestamp64Milli(stored_at) AS storedAtMs
      FROM ${database}.stored_answers
      WHERE stored_at > fromUnixTimestamp64Milli({seenTo:Int64})
        AND stored_at <= fromUnixTimestamp64Milli({settledTo:Int64})
      ORDER BY stored_at LIMIT ${maxAnswers} WITH TIES`,
      { seenTo: seenToMs, settledTo: settledToMs },
    )
    seenToMs = answers.at(-1)?.storedAtMs ?? seenToMs
    return answers
  }
  return async () => {
    const [parked, letters, disks, answers] = await Promise.all([
      ask<{ dataset: string }>(
        `SELECT dataset FROM ${database}.parking_log GROUP BY dataset HAVING argMax(state, offset) = 'parked'`,
      ),
      ask<{ topic: string; letters: number }>(
        `SELECT topic, count() AS letters FROM ${database}.dead_letters WHERE resolved_at IS NULL GROUP BY topic`,
      ),
      ask<StoreFigures['disks'][number]>(
        'SELECT name AS disk, free_space AS freeBytes, total_space AS totalBytes FROM system.disks',
      ),
      newAnswers(),
    ])
    return {
      parked: parked.map(({ dataset }) => dataset),
      openLetters: new Map(letters.map((row) => [row.topic, row.letters])),
      disks,
      answers,
    }
  }
}
