// The tables of a rebuild, beside tidemark's own, and their exchange. Readers never see a withdrawal that no answer told:
// an accepted answer that the new tables lack leaves before its points do, and the accepted answers are exchanged last.

import { datasetsByName } from '#core/datasets.ts'
import { database, type Store } from '#platform/clickhouse/client.ts'
import { removeRows, storedDeletions } from '#platform/clickhouse/deletions.ts'
import type { RawSpan, Replay } from '#schemas/generated/records.ts'
import { rawTopic } from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'
import type { Source } from '#sources/source.ts'
import { beforeSpans, inSpans, readRows } from './read-rows.ts'
import {
  copyStaging,
  createStaging,
  dropStaging,
  dropUnpublished,
  type FilledTable,
  followLive,
} from './staging-tables.ts'

/** The database of the new tables. */
export const staging = 'tidemark_rebuild'
/** In the order of their exchange. */
const tables: FilledTable[] = ['points', 'point_revisions', 'stored_answers']

/** Marks the tables that a rebuild made, so that an exchange is done once, whenever it is interrupted. */
const commentOf = (id: string): string => `rebuild ${id}`

/** Makes the new tables of a rebuild, in place of those of an earlier one, and lets live data go into both. */
export async function makeTables(store: Store, id: string): Promise<void> {
  await dropStaging(store, staging)
  await createStaging(store, staging, tables)
  for (const table of tables) {
    await store.command({ query: `ALTER TABLE ${staging}.${table} MODIFY COMMENT '${commentOf(id)}'` })
  }
  await followLive(store, staging, tables)
}

/** Of the tables that a rebuild made: none is left where somebody dropped one, exchanged where one is tidemark's own. */
export async function stateOfTables(store: Store, id: string): Promise<'gone' | 'staging' | 'exchanged'> {
  const exchanged = await tablesOf(store, id, database)
  const left = await tablesOf(store, id, staging)
  if (left.length + exchanged.length < tables.length) return 'gone'
  return exchanged.length > 0 ? 'exchanged' : 'staging'
}

/**
 * Copies into the new tables what raw cannot give: rows whose raw record is gone, or whose dataset no source declares.
 *
 * @param spans what is still there of the raw records that the rebuild reads
 */
export async function copyKept(store: Store, spans: RawSpan[]): Promise<void> {
  const gone = sources.map((source) => `(${declaredBy(source)} AND ${beforeSpans(spansOf(spans, source))})`)
  await copyStaging(store, staging, [...gone, `dataset NOT IN (${names([...datasetsByName.keys()])})`].join(' OR '))
}

/**
 * Exchanges the tables of a rebuild, and drops what they replace. Each step changes nothing when it is done again, so all
 * of it can be repeated, wherever it died.
 */
export async function exchange(store: Store, { id, spans }: Pick<Replay, 'id' | 'spans'>): Promise<void> {
  await removeDeleted(store)
  const left = await tablesOf(store, id, staging)
  if (left.includes('points')) {
    // What was cut since it was read is among the new rows as a copy, or was not published again.
    for (const source of sources) {
      await dropUnpublished(store, staging, `${declaredBy(source)} AND ${inSpans(spansOf(spans, source))}`)
    }
  }
  for (const table of tables.filter((table) => left.includes(table))) {
    await store.command({ query: `EXCHANGE TABLES ${database}.${table} AND ${staging}.${table}` })
  }
  // Of a deletion that was carried out in between.
  await removeDeleted(store)
  await dropStaging(store, staging)
}

/** Rows that were copied before their deletion; what is inserted is kept out by the views. */
async function removeDeleted(store: Store): Promise<void> {
  for (const deletion of await storedDeletions(store)) await removeRows(store, deletion)
}

const names = (list: readonly string[]): string => list.map((name) => `'${name}'`).join(', ')
const declaredBy = ({ datasets }: Source): string => `dataset IN (${names(datasets.map(({ name }) => name))})`
const spansOf = (spans: RawSpan[], { name }: Source): RawSpan[] =>
  spans.filter(({ topic }) => topic === rawTopic(name).name)

/** The tables that a rebuild made, of those in a database: beside before the exchange, tidemark's own after it. */
async function tablesOf(store: Store, id: string, within: string): Promise<string[]> {
  const query = 'SELECT name FROM system.tables WHERE database = {within:String} AND comment = {comment:String}'
  const rows = await readRows<{ name: string }>(store, query, { within, comment: commentOf(id) })
  return rows.map(({ name }) => name)
}
