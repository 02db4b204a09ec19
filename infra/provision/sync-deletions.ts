import { type RecordedDeletion, readDeletions, recordDeletion } from '#local/deletions-file.ts'
import { cutTopics, findAffectedRecords, type TopicClients } from '#operations/deletion/deleted-records.ts'
import { announceDeletion, announcedDeletions, ownTables, removeFromStore } from '#operations/deletion/steps.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import { boundOf, removeRows, rowsBefore, storeDeletion, storedDeletions } from '#platform/clickhouse/deletions.ts'
import type { Source } from '#sources/source.ts'

export interface Stack extends TopicClients {
  store: Store
  sources: readonly Source[]
}

/**
 * Applies those deletions of the file that this stack lacks, for example after a restore of an older backup. Adds the
 * stack's own deletions to the file. Must run before any service starts. Returns the applied deletions.
 */
export async function syncDeletions(stack: Stack, file: string): Promise<RecordedDeletion[]> {
  const { store } = stack
  const noted = readDeletions(file)
  const announced = noted.length === 0 ? [] : await announcedDeletions(stack)
  const applied: RecordedDeletion[] = []
  for (const deletion of noted) {
    const { dataset, before } = deletion
    const known = announced.some((other) => other.dataset === dataset && other.before >= before)
    if (((await boundOf(store, dataset)) ?? Number.NEGATIVE_INFINITY) < before) await storeDeletion(store, deletion)
    const source = stack.sources.find(({ datasets }) => datasets.some(({ name }) => name === dataset))
    const rows = await rowsBefore(store, deletion, source && ownTables(source, dataset))
    if (known && rows.length === 0) continue
    await carryOut(stack, source, deletion, known)
    applied.push(deletion)
  }
  for (const deletion of await storedDeletions(store)) recordDeletion(file, deletion)
  return applied
}

/** Carries out a deletion. Announces it at the end, so that a restart after a crash repeats all steps. */
async function carryOut(
  stack: Stack,
  source: Source | undefined,
  deletion: RecordedDeletion,
  announced: boolean,
): Promise<void> {
  // If no source declares the dataset, its topics are unknown.
  if (source === undefined) await removeRows(stack.store, deletion)
  else {
    await removeFromStore(stack.store, stack, source, deletion)
    await cutTopics(stack, await findAffectedRecords(stack, source, deletion))
  }
  if (!announced) await announceDeletion(stack, deletion)
}
