import { sinkGroupOf, sinkLettersGroup } from '#core/consumer-groups.ts'
import { topicsOf } from '#core/source-topics.ts'
import { errorKind } from '#platform/clickhouse/errors.ts'
import { openTableRows, type TableAccess, type TableRows } from '#platform/clickhouse/table-rows.ts'
import type { AfterRecords } from '#platform/kafka/after-records.ts'
import type { ConsumerGroup } from '#platform/kafka/consuming-service.ts'
import type { ConsumedRecord, EncodedRecord, Subscription } from '#platform/kafka/process-batch.ts'
import type { StoredRecord } from '#platform/kafka/read-range.ts'
import type { Verdict } from '#platform/kafka/verdict.ts'
import type { Logger } from '#platform/process/log.ts'
import { TransientError } from '#platform/process/transient-error.ts'
import { tracesOf, withSpan } from '#platform/tracing/trace.ts'
import { alertTopics } from '#schemas/alert-topics.ts'
import { apiUsageTopic, auditTopic } from '#schemas/api-topics.ts'
import { completenessTopic } from '#schemas/completeness-topics.ts'
import { acceptedAnswerSchema, seriesSchema } from '#schemas/generated/records.ts'
import type { TableTarget } from '#schemas/record-schema.ts'
import { acceptedAnswersTable, utc } from '#schemas/tables.ts'
import { deadLetterTopic, hostLogTopic, platformDeadLetterTopic, platformTopics, type Topic } from '#schemas/topics.ts'
import type { Source } from '#sources/source.ts'
import { deadLetterRecord } from './dead-letter-record.ts'
import { storeRecords } from './store-records.ts'

export interface SubscriptionParts {
  tables: TableAccess
  afterRecords: AfterRecords
  /** The clock by which accepted answers are stored, ms UTC. Absent: the store's. */
  nowMs?: () => number
  log: Pick<Logger, 'error'>
}

/**
 * Maximum number of rows that become dead letters for an unknown reason before their table accepts a row. A few bad
 * rows must not block a topic, and a broken table must not turn all rows into dead letters.
 */
const maxUnexplained = 3

/** Two services may read a simulated clock that much differently, ms. */
const maxClockErrorMs = 60_000

/** A sink that has fallen behind inserts much at once: with 4 MiB, the store took a fifth more CPU, and the sink was slower. */
const shape = { minBytes: 1, maxWaitMs: 250, maxBytesPerPartition: 16 * 1024 * 1024, concurrentPartitions: 4 }
/**
 * Dead letters are whole answers of up to 16 MiB, of which only the headers are stored. They lie compressed on their
 * topics, and a fetch is decompressed at once: 4 MiB of answers full of nulls are 10 GiB. A fetch of 32 KiB is at least
 * one batch, and at most about 90 MiB.
 */
const lettersShape = { ...shape, maxBytesPerPartition: 32 * 1024, concurrentPartitions: 1 }

/** Returns the consumer groups of the sink. Dead letters are read apart, so that they do not hold up other records. */
export function groupsOfSink(sources: Pick<Source, 'name' | 'topics'>[], parts: SubscriptionParts): ConsumerGroup[] {
  const groups = Map.groupBy(subscriptions(sources, parts), sinkGroupOf)
  return [...groups].map(([groupId, subscriptions]) => ({
    ...{ groupId, subscriptions },
    shape: groupId === sinkLettersGroup ? lettersShape : shape,
  }))
}

/** Returns a subscription for every topic that declares a table. An accepted answer is stored after its points, and the host log after the facts. */
export function subscriptions(sources: Pick<Source, 'name' | 'topics'>[], parts: SubscriptionParts): Subscription[] {
  const families = [
    { topics: platformTopics, deadLetters: platformDeadLetterTopic },
    ...sources.map((source) => ({ topics: topicsOf(source), deadLetters: deadLetterTopic(source.name) })),
  ]
  const opened = new Map<string, TableRows>()
  const rowsOf = (target: TableTarget, record: Topic['record']): TableRows => {
    const rows = opened.get(target.table) ?? openTableRows(parts.tables, target, record?.text, maxUnexplained)
    opened.set(target.table, rows)
    return rows
  }
  return families.flatMap(({ topics, deadLetters }) =>
    topics.flatMap((topic) => {
      const { record } = topic
      if (topic.table === undefined) return []
      const target = withStoredAt(topic.table, parts.nowMs)
      // Topics that fill the same table share the knowledge whether the table accepts rows.
      const rows = rowsOf(target, record)
      if (record === null) return [subscriptionToDeadLetters(topic, target, topics, rows, parts)]
      const subscription = subscriptionTo(topic, deadLetters, target, rows)
      if (record === acceptedAnswerSchema)
        return [{ ...subscription, admit: parts.afterRecords(topics.filter(hasPoints)) }]
      if (topic === hostLogTopic) return [{ ...subscription, admit: parts.afterRecords(factTopics(families)) }]
      return [subscription]
    }),
  )
}

const hasPoints = ({ table, record }: Topic): boolean =>
  Boolean(table && record && record !== acceptedAnswerSchema && record !== seriesSchema)

/** The topics of what a report rests on, besides answers and points, and the host log itself. */
const factTopics = (families: readonly { topics: readonly Topic[] }[]): Topic[] =>
  families
    .flatMap(({ topics }) => topics)
    .filter((topic) => topic.table && (topic.record === null || platformTopics.includes(topic)))
    .filter((topic) => ![hostLogTopic, completenessTopic, auditTopic, apiUsageTopic, ...alertTopics].includes(topic))

/** Returns the target. That of accepted answers says by a given clock when they are stored. Without it, the store does. */
function withStoredAt(target: TableTarget, nowMs: SubscriptionParts['nowMs']): TableTarget {
  if (nowMs === undefined || target.table !== acceptedAnswersTable.table) return target
  const { table, columns, row } = target
  return {
    table,
    columns: [...columns, 'stored_at'],
    row: (record, offset) => [...row(record, offset), utc(nowMs())],
  }
}

function subscriptionTo(topic: Topic, deadLetters: Topic, target: TableTarget, rows: TableRows): Subscription {
  const handle = (batch: ConsumedRecord<EncodedRecord>[]): Promise<Verdict[]> =>
    insertSpan(target, batch, () => storeRecords(rows, target, batch))
  return {
    topic: topic.name,
    record: topic.record,
    isEncoded: true,
    deadLetterTopic: deadLetters.name,
    tombstones: topic.config['cleanup.policy'] === 'compact',
    handle: handle as Subscription['handle'],
  }
}

/** Inserts a batch within one span: in the trace of the records if all have the same, else linked to theirs. */
function insertSpan(
  { table }: TableTarget,
  batch: readonly ConsumedRecord[],
  insert: () => Promise<Verdict[]>,
): Promise<Verdict[]> {
  const attributes = {
    ...{ 'db.system.name': 'clickhouse', 'db.collection.name': table, 'messaging.system': 'kafka' },
    ...{ 'messaging.destination.name': batch[0]?.topic, 'messaging.batch.message_count': batch.length },
  }
  return withSpan('insert', { kind: 'consumer', ...tracesOf(batch), attributes }, async (span) => {
    const verdicts = await insert().catch((error) => {
      if (errorKind(error) !== 'unlisted') throw error
      // A crash would not repair this table, and would stop the topics of all other tables.
      const message = `The store takes no row of ${table} until somebody mends it: ${(error as Error).message}`
      throw new TransientError(message, { cause: error })
    })
    const refused = verdicts.filter((verdict) => verdict.kind === 'dead')
    span.end(refused[0] && `${refused.length} records were refused: ${refused[0].message}`)
    return verdicts
  })
}

/**
 * Stores dead letters and the decisions on them, without values. A row that the store refuses does not become a dead
 * letter again, which would have no end: it is logged, and counted as a consumed record with the verdict.
 * @param origins the topics whose refused records become dead letters on this topic
 */
function subscriptionToDeadLetters(
  topic: Topic,
  target: TableTarget,
  origins: readonly Topic[],
  rows: TableRows,
  { log, nowMs }: SubscriptionParts,
): Subscription {
  const handle = async (batch: ConsumedRecord<StoredRecord>[]): Promise<Verdict[]> => {
    // A simulated clock may be ahead of the broker's.
    const readAtMs = nowMs === undefined ? 0 : nowMs() + maxClockErrorMs
    const rowOf = ({ record }: ConsumedRecord<StoredRecord>): unknown[] => {
      const writtenAtMs = Math.max(record.writtenAtMs, readAtMs)
      return target.row(deadLetterRecord({ ...record, writtenAtMs }, origins))
    }
    const verdicts = await insertSpan(target, batch, () =>
      rows.inBatch((writer) => writer.storeValues(batch.map(rowOf))),
    )
    verdicts.forEach((verdict, index) => {
      const { partition, offset } = batch[index] as ConsumedRecord
      const letter = `${topic.name}/${partition}/${offset}`
      if (verdict.kind === 'dead') log.error({ letter, why: verdict.message }, 'a dead letter is missing in the store')
    })
    return verdicts
  }
  return { topic: topic.name, record: null, deadLetterTopic: null, handle: handle as Subscription['handle'] }
}
