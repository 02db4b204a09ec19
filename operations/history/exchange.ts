// Exchanges the tables of a rebuild with the live tables. Readers never see a withdrawal that no answer caused:
// accepted answers that the new tables lack are deleted first, and the table of accepted answers is exchanged last.

import { datasetsByName } from '#core/datasets.ts'
import { database, readRows, type Store } from '#platform/clickhouse/client.ts'
import { removeRows, storedDeletions } from '#platform/clickhouse/deletions.ts'
import type { RawSpan, Replay } from '#schemas/generated/records.ts'
import { rawTopic } from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'
import type { Source } from '#sources/source.ts'
import { beforeSpans, inSpans } from './row-conditions.ts'
import {
  copyLiveRows,
  createStaging,
  deleteUnpublishedAnswers,
  dropStaging,
  type FilledTable,
  mirrorLiveInserts,
  nameStagedSlices,
} from './staging-tables.ts'

export const staging = 'tidemark_rebuild'
const tables: FilledTable[] = ['points', 'point_revisions', 'stored_answers']

/** Table comment that marks the new tables of a rebuild, so that a resumed exchange swaps each table only once. */
const commentOf = (id: string): string => `rebuild ${id}`

/** Drops the tables of an earlier rebuild and creates new ones. From then on, live inserts go into both old and new. */
export async function makeTables(store: Store, id: string): Promise<void> {
  await dropStaging(store, staging)
  await createStaging(store, staging, tables)
  await nameStagedSlices(store, staging)
  for (const table of tables) {
    await store.command({ query: `ALTER TABLE ${staging}.${table} MODIFY COMMENT '${commentOf(id)}'` })
  }
  await mirrorLiveInserts(store, staging, tables)
}

/** Returns `gone` if a table of the rebuild was dropped, `exchanged` if a table is already live, else `staging`. */
export async function stateOfTables(store: Store, id: string): Promise<'gone' | 'staging' | 'exchanged'> {
  const exchanged = await tablesOf(store, id, database)
  const left = await tablesOf(store, id, staging)
  if (left.length + exchanged.length < tables.length) return 'gone'
  return exchanged.length > 0 ? 'exchanged' : 'staging'
}

/** Copies live rows that raw cannot reproduce: the raw record is gone, or no source declares the dataset. */
export async function copyUnreproducible(store: Store, spans: RawSpan[]): Promise<void> {
  const gone = sources.map((source) => `(${declaredBy(source)} AND ${beforeSpans(spansOf(spans, source))})`)
  await copyLiveRows(store, staging, [...gone, `dataset NOT IN (${names([...datasetsByName.keys()])})`].join(' OR '))
}

export async function exchange(store: Store, { id, spans }: Pick<Replay, 'id' | 'spans'>): Promise<void> {
  await removeDeleted(store)
  const left = await tablesOf(store, id, staging)
  if (left.includes('points')) {
    // The spans include raw records that retention has deleted since. `copyUnreproducible` copied their answers.
    for (const source of sources) {
      await deleteUnpublishedAnswers(store, staging, `${declaredBy(source)} AND ${inSpans(spansOf(spans, source))}`)
    }
  }
  for (const table of tables.filter((table) => left.includes(table))) {
    await store.command({ query: `EXCHANGE TABLES ${database}.${table} AND ${staging}.${table}` })
  }
  await removeDeleted(store)
  await dropStaging(store, staging)
}

/**
 * Applies all stored deletions: copied rows may lie before a bound, because only inserts pass the views that filter.
 */
async function removeDeleted(store: Store): Promise<void> {
  for (const deletion of await storedDeletions(store)) await removeRows(store, deletion)
}

const names = (list: readonly string[]): string => list.map((name) => `'${name}'`).join(', ')
const declaredBy = ({ datasets }: Source): string => `dataset IN (${names(datasets.map(({ name }) => name))})`
const spansOf = (spans: RawSpan[], { name }: Source): RawSpan[] =>
  spans.filter(({ topic }) => topic === rawTopic(name).name)

async function tablesOf(store: Store, id: string, within: string): Promise<string[]> {
  const query = 'SELECT name FROM system.tables WHERE database = {within:String} AND comment = {comment:String}'
  const rows = await readRows<{ name: string }>(store, query, { within, comment: commentOf(id) })
  return rows.map(({ name }) => name)
}
