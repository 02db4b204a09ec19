import { type ConcernedRecords, cut, haveGrown } from '#operations/history/deleted-records.ts'
import { announceDeletion, ownTables, removeFromStore } from '#operations/history/deletion.ts'
import { untilQueryable } from '#operations/history/until-queryable.ts'
import { removeRows } from '#platform/clickhouse/deletions.ts'
import { groupPasses } from '#platform/kafka/progress.ts'
import type { Deletion } from '#schemas/generated/records.ts'
import { deletionsTopic } from '#schemas/topics.ts'
import type { Source } from '#sources/source.ts'
import type { StackClients } from '../stack-clients.ts'

/** How a deletion is carried out: what the caller does and knows. */
export interface Carrying {
  /** It is in the store already: only what an interrupted deletion left undone is done. */
  stored: boolean
  /** The topics as they were looked at. */
  topics: ConcernedRecords[]
  /** Looks at them again. */
  lookAgain: () => Promise<ConcernedRecords[]>
  /** Called when the deletion is stored and nothing before its bound enters any more. */
  onStored: () => void
  tell: (line: string) => void
}

/**
 * Deletes for good: announces the deletion and waits until the store keeps out what it concerns, removes the rows, and cuts
 * the topics when normalizer and sink have passed them. Safe to repeat from any point. Gives what was cut and what remains.
 */
export async function carryOut(clients: StackClients, source: Source, deletion: Deletion, carrying: Carrying) {
  const { kafka, registry, store } = clients
  const { stored, lookAgain, onStored, tell } = carrying
  if (!stored) {
    tell('announcing it, and waiting until the store knows')
    await announceDeletion({ kafka, registry }, deletion)
    await groupPasses(kafka, 'sink', deletionsTopic.name)
  }
  onStored()
  tell('removing the rows')
  await removeRows(store, deletion, ownTables(source, deletion.dataset))
  tell('waiting until normalizer and sink have passed what is to be cut')
  await untilQueryable(kafka, source)
  const keysWithoutPoints = await removeFromStore(store, { kafka }, source, deletion)
  const topics = (await haveGrown(kafka, carrying.topics)) ? await lookAgain() : carrying.topics
  await cut(kafka, topics)
  return { topics, keysWithoutPoints }
}
