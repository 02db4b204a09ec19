import { type Inserter, storeBatch } from '#platform/clickhouse/store-batch.ts'
import type { AnySubscription, Incoming } from '#platform/kafka/settle.ts'
import { dead, type Verdict } from '#platform/kafka/verdict.ts'
import type { RecordName, Records } from '#schemas/generated/records.ts'
import { type TableTarget, tableTargets } from '#schemas/tables.ts'
import { deadLetterTopic, platformDeadLetterTopic, platformTopics, type Topic } from '#schemas/topics.ts'
import type { Source } from '#sources/source.ts'
import { topicsOf } from '#transform/source-topics.ts'

/** Inserts into any table, and knows what its errors mean. */
export interface StoreAccess extends Omit<Inserter, 'insert'> {
  insert: (table: string, columns: string[], rows: unknown[][]) => Promise<void>
}

/** Every topic whose record has a table, and the handler that inserts a batch of it. Names no dataset. */
export function subscriptions(sources: Pick<Source, 'name' | 'topics'>[], store: StoreAccess): AnySubscription[] {
  const withDeadLetters = [
    ...platformTopics.map((topic) => ({ topic, deadLetters: platformDeadLetterTopic })),
    ...sources.flatMap((source) =>
      topicsOf(source).map((topic) => ({ topic, deadLetters: deadLetterTopic(source.name) })),
    ),
  ]
  return withDeadLetters.flatMap(({ topic, deadLetters }) => {
    const subscription = subscriptionTo(topic, deadLetters, store)
    return subscription ? [subscription] : []
  })
}

function subscriptionTo(topic: Topic, deadLetters: Topic, store: StoreAccess): AnySubscription | undefined {
  const target = topic.record && (tableTargets[topic.record] as TableTarget<RecordName> | undefined)
  if (!topic.record || !target) return undefined
  const inserter = { ...store, insert: (rows: unknown[][]) => store.insert(target.table, target.columns, rows) }
  return {
    topic: topic.name,
    record: topic.record,
    deadLetterTopic: deadLetters.name,
    tombstones: topic.config['cleanup.policy'] === 'compact',
    handle: async (batch: Incoming<RecordName>[]) => {
      const rows = batch.map(({ record }) => rowOf(target, record))
      const stored = (await storeBatch(rows.filter(isRow), inserter)).values()
      return rows.map((row) => (isRow(row) ? (stored.next().value as Verdict) : row))
    },
  } as AnySubscription
}

const isRow = (row: unknown[] | Verdict): row is unknown[] => Array.isArray(row)

/** The record's row, or why there is none: a time that no clock shows, a value that no table holds. */
function rowOf(target: TableTarget<RecordName>, record: Records[RecordName]): unknown[] | Verdict {
  try {
    return target.row(record)
  } catch (error) {
    return dead('no-row', `the record makes no row of ${target.table}: ${(error as Error).message}`)
  }
}
