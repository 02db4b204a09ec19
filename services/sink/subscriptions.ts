import { sinkGroupOf, sinkLettersGroup } from '#core/consumer-groups.ts'
import { topicsOf } from '#core/source-topics.ts'
import { errorKind } from '#platform/clickhouse/errors.ts'
import { storeBatch, type TableAcceptance, tableAcceptance } from '#platform/clickhouse/store-batch.ts'
import type { AfterRecords } from '#platform/kafka/after-records.ts'
import type { ConsumerGroup } from '#platform/kafka/consuming-service.ts'
import type { ConsumedRecord, Subscription } from '#platform/kafka/process-batch.ts'
import type { StoredRecord } from '#platform/kafka/read-range.ts'
import { dead, type Verdict } from '#platform/kafka/verdict.ts'
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

export interface SubscriptionParts {
  insertInto: (table: string, columns: string[], rows: unknown[][]) => Promise<void>
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

const shape = { minBytes: 1, maxWaitMs: 250, maxBytesPerPartition: 4 * 1024 * 1024, concurrentPartitions: 2 }
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
  const acceptanceByTable = new Map<string, TableAcceptance>()
  return families.flatMap(({ topics, deadLetters }) =>
    topics.flatMap((topic) => {
      const { record, table: target } = topic
      if (target === undefined) return []
      // Topics that fill the same table share the knowledge whether the table accepts rows.
      const acceptance = acceptanceByTable.get(target.table) ?? tableAcceptance(maxUnexplained)
      acceptanceByTable.set(target.table, acceptance)
      const store = storeRows(target, parts, acceptance)
      if (record === null) return [subscriptionToDeadLetters(topic, target, topics, store, parts)]
      const subscription = subscriptionTo(topic, deadLetters, target, store)
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

type StoreRows = (rows: unknown[][]) => Promise<Verdict[]>

function storeRows(target: TableTarget, parts: SubscriptionParts, acceptance: TableAcceptance): StoreRows {
  const { table } = target
  const { nowMs } = parts
  const insertInto = (rows: unknown[][]): Promise<void> => {
    if (nowMs === undefined || table !== acceptedAnswersTable.table)
      return parts.insertInto(table, target.columns, rows)
    const storedAt = utc(nowMs())
    return parts.insertInto(
      table,
      [...target.columns, 'stored_at'],
      rows.map((row) => [...row, storedAt]),
    )
  }
  return async (rows) => {
    try {
      return await storeBatch(rows, insertInto, acceptance)
    } catch (error) {
      if (errorKind(error) !== 'unlisted') throw error
      // A crash would not repair this table, and would stop the topics of all other tables.
      const message = `The store takes no row of ${table} until somebody mends it: ${(error as Error).message}`
      throw new TransientError(message, { cause: error })
    }
  }
}

function subscriptionTo(topic: Topic, deadLetters: Topic, target: TableTarget, store: StoreRows): Subscription {
  return {
    topic: topic.name,
    record: topic.record,
    deadLetterTopic: deadLetters.name,
    tombstones: topic.config['cleanup.policy'] === 'compact',
    handle: (batch: ConsumedRecord[]) =>
      insertSpan(target, batch, async () => {
        const rows = batch.map(({ record, offset }) => rowOf(target, record, Number(offset)))
        const stored = (await store(rows.filter(isRow))).values()
        return rows.map((row) => (isRow(row) ? (stored.next().value as Verdict) : row))
      }),
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
    const verdicts = await insert()
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
  store: StoreRows,
  { log, nowMs }: SubscriptionParts,
): Subscription {
  const handle = async (batch: ConsumedRecord<StoredRecord>[]): Promise<Verdict[]> => {
    // A simulated clock may be ahead of the broker's.
    const readAtMs = nowMs === undefined ? 0 : nowMs() + maxClockErrorMs
    const rows = batch.map(({ record }) => {
      const writtenAtMs = Math.max(record.writtenAtMs, readAtMs)
      return target.row(deadLetterRecord({ ...record, writtenAtMs }, origins))
    })
    const verdicts = await insertSpan(target, batch, () => store(rows))
    verdicts.forEach((verdict, index) => {
      const { partition, offset } = batch[index] as ConsumedRecord
      const letter = `${topic.name}/${partition}/${offset}`
      if (verdict.kind === 'dead') log.error({ letter, why: verdict.message }, 'a dead letter is missing in the store')
    })
    return verdicts
  }
  return { topic: topic.name, record: null, deadLetterTopic: null, handle: handle as Subscription['handle'] }
}

const isRow = (row: unknown[] | Verdict): row is unknown[] => Array.isArray(row)

function rowOf(target: TableTarget, record: unknown, offset: number): unknown[] | Verdict {
  try {
    return target.row(record, offset)
  } catch (error) {
    return dead('no-row', `the record makes no row of ${target.table}: ${(error as Error).message}`)
  }
}
