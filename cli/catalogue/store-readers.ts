import type { CatalogueEntry } from '#catalogue/entry.ts'
import { quoteString } from '#local/clickhouse/quote.ts'
import type { StackFile } from '#local/stack-file.ts'
import { UserError } from '#platform/process/user-error.ts'
import { rowsOf } from '../ask-store.ts'

export interface StoreReader {
  user: string
  queries: number
  last: string
}

/** Reads from the query log who queries a dataset. Returns null if ClickHouse keeps no log or denies access. */
export async function storeReaders(stack: StackFile, entry: CatalogueEntry): Promise<StoreReader[] | null> {
  try {
    return await rowsOf<StoreReader>(stack, readersSql('system.query_log', entry))
  } catch (error) {
    // 60: UNKNOWN_TABLE, 497: ACCESS_DENIED.
    if (error instanceof UserError && /Code: (60|497)\b/.test(error.message)) return null
    throw error
  }
}

/** Returns SQL for the users whose queries of the last 30 days name the dataset or read its view. */
export function readersSql(queryLog: string, { dataset, view }: Pick<CatalogueEntry, 'dataset' | 'view'>): string {
  const byView = view === null ? '' : ` OR has(tables, ${quoteString(`tidemark.${view}`)})`
  return `
    SELECT user, toFloat64(count()) AS queries, formatDateTime(max(event_time), '%Y-%m-%dT%H:%i:%SZ', 'UTC') AS last
    FROM ${queryLog}
    WHERE type = 'QueryFinish' AND query_kind = 'Select' AND event_time > now() - INTERVAL 30 DAY
      AND (position(query, ${quoteString(dataset)}) > 0${byView}) AND position(query, 'query_log') = 0
    GROUP BY user ORDER BY queries DESC, user`
}
