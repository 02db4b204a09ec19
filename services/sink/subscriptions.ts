import type { AnySubscription, Incoming } from '#platform/kafka/settle.ts'
import type { RecordName } from '#schemas/generated/records.ts'
import { type TableTarget, tableTargets } from '#schemas/tables.ts'
import { deadLetterTopic, platformDeadLetterTopic, platformTopics, sourceTopics, type Topic } from '#schemas/topics.ts'
import { type ErrorKind, storeBatch } from './store-batch.ts'

export type InsertInto = (table: string, columns: string[], rows: unknown[][]) => Promise<void>

/** Every topic whose record has a table, and the handler that inserts a batch of it. Names no dataset. */
export function subscriptions(
  sources: string[],
  insertInto: InsertInto,
  errorKind: (error: unknown) => ErrorKind,
): AnySubscription[] {
  const withDeadLetters = [
    ...platformTopics.map((topic) => ({ topic, deadLetters: platformDeadLetterTopic })),
    ...sources.flatMap((source) =>
      sourceTopics(source).map((topic) => ({ topic, deadLetters: deadLetterTopic(source) })),
    ),
  ]
  return withDeadLetters.flatMap(({ topic, deadLetters }) => {
    const subscription = subscriptionTo(topic, deadLetters, insertInto, errorKind)
    return subscription ? [subscription] : []
  })
}

function subscriptionTo(
  topic: Topic,
  deadLetters: Topic,
  insertInto: InsertInto,
  errorKind: (error: unknown) => ErrorKind,
): AnySubscription | undefined {
  const target = topic.record && (tableTargets[topic.record] as TableTarget<RecordName> | undefined)
  if (!topic.record || !target) return undefined
  const insert = (rows: unknown[][]) => insertInto(target.table, target.columns, rows)
  return {
    topic: topic.name,
    record: topic.record,
    deadLetterTopic: deadLetters.name,
    handle: (batch: Incoming<RecordName>[]) =>
      storeBatch(
        batch.map(({ record }) => target.row(record)),
        { insert, errorKind },
      ),
  } as AnySubscription
}
