import type { StoreStatement } from '../source.ts'
import { bucketStatements } from './buckets.ts'
import { hourStatements } from './hours.ts'
import { market24hStatements } from './market-24h.ts'
import { queryViewStatements } from './query-views.ts'
import { sampleStatements } from './samples.ts'

/** Tables and views over the markets of all exchanges. Every exchange declares these statements, but they run once. */
export const marketStatements: StoreStatement[] = [
  ...sampleStatements,
  ...bucketStatements,
  ...hourStatements,
  ...market24hStatements,
  ...queryViewStatements,
]
