import { topicsOf } from '#core/source-topics.ts'
import { errorKind } from '#platform/clickhouse/errors.ts'
import { storeBatch, type TableAcceptance, tableAcceptance } from '#platform/clickhouse/store-batch.ts'
import type { ConsumedRecord, Subscription } from '#platform/kafka/process-batch.ts'
import { dead, type Verdict } from '#platform/kafka/verdict.ts'
import { TransientError } from '#platform/process/transient-error.ts'
import { acceptedAnswerSchema, seriesSchema } from '#schemas/generated/records.ts'
import type { RecordSchema, TableTarget } from '#schemas/record-schema.ts'
import { deadLetterTopic, platformDeadLetterTopic, platformTopics, type Topic } from '#schemas/topics.ts'
import type { Source } from '#sources/source.ts'
import type { AfterPoints } from './after-points.ts'

export type InsertInto = (table: string, columns: string[], rows: unknown[][]) => Promise<void>

/**
 * Maximum number of rows that become dead letters for an unknown reason before their table accepts a row. A few bad
 * rows must not block a topic, and a broken table must not turn all rows into dead letters.
 */
const maxUnexplained = 3

/** Returns a subscription for every topic that declares a table. An accepted answer is stored after its points. */
export function subscriptions(
  sources: Pick<Source, 'name' | 'topics'>[],
  insertInto: InsertInto,
  afterPoints: AfterPoints,
): Subscription[] {
  const withDeadLetters = [
    ...platformTopics.map((topic) => ({ topic, deadLetters: platformDeadLetterTopic, admit: undefined })),
    ...sources.flatMap((source) =>
      topicsOf(source).map((topic) => {
        const admit = topic.record === acceptedAnswerSchema ? afterPoints(topicsOfPoints(source)) : undefined
        return { topic, deadLetters: deadLetterTopic(source.name), admit }
      }),
    ),
  ]
  const acceptanceByTable = new Map<string, TableAcceptance>()
  return withDeadLetters.flatMap(({ topic, deadLetters, admit }) => {
    const { record, table: target } = topic
    if (record === null || target === undefined) return []
    // Topics that fill the same table share the knowledge whether the table accepts rows.
    const acceptance = acceptanceByTable.get(target.table) ?? tableAcceptance(maxUnexplained)
    acceptanceByTable.set(target.table, acceptance)
    const subscription = subscriptionTo({ ...topic, record }, deadLetters, target, insertInto, acceptance)
    return [admit ? { ...subscription, admit } : subscription]
  })
}

const topicsOfPoints = (source: Pick<Source, 'name' | 'topics'>): string[] =>
  topicsOf(source)
    .filter(({ record, table }) => table !== undefined && record !== acceptedAnswerSchema && record !== seriesSchema)
    .map(({ name }) => name)

function subscriptionTo(
  topic: Topic & { record: RecordSchema },
  deadLetters: Topic,
  target: TableTarget,
  insertInto: InsertInto,
  acceptance: TableAcceptance,
): Subscription {
  const { table, columns } = target
  const storeRows = async (rows: unknown[][]): Promise<Verdict[]> => {
    try {
      return await storeBatch(rows, (some) => insertInto(table, columns, some), acceptance)
    } catch (error) {
      if (errorKind(error) !== 'unlisted') throw error
      // A crash would not repair this table, and would stop the topics of all other tables.
      const message = `The store takes no row of ${table} until somebody mends it: ${(error as Error).message}`
      throw new TransientError(message, { cause: error })
    }
  }
  return {
    topic: topic.name,
    record: topic.record,
    deadLetterTopic: deadLetters.name,
    tombstones: topic.config['cleanup.policy'] === 'compact',
    handle: async (batch: ConsumedRecord[]) => {
      const rows = batch.map(({ record }) => rowOf(target, record))
      const stored = (await storeRows(rows.filter(isRow))).values()
      return rows.map((row) => (isRow(row) ? (stored.next().value as Verdict) : row))
    },
  }
}

const isRow = (row: unknown[] | Verdict): row is unknown[] => Array.isArray(row)

function rowOf(target: TableTarget, record: unknown): unknown[] | Verdict {
  try {
    return target.row(record)
  } catch (error) {
    return dead('no-row', `the record makes no row of ${target.table}: ${(error as Error).message}`)
  }
}
