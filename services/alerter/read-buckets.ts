import type { SeriesBucket } from '#core/alerts/engine.ts'
import type { KnownPoint } from '#core/alerts/sliding-window.ts'
import { readRows, type Store } from '#platform/clickhouse/client.ts'

export interface StoredBucket {
  bucket: SeriesBucket
  points: KnownPoint[]
}

const bucketMs = 600_000
const maxKeys = 500

/**
 * Returns all points of ten minutes of each series, as the store knows them now. Many series ask for the same ten minutes
 * at once, and share a question. @throws if the store does not answer
 */
export async function readBuckets(store: Store, buckets: readonly SeriesBucket[]): Promise<StoredBucket[]> {
  const read: StoredBucket[] = []
  for (const same of Map.groupBy(buckets, ({ dataset, startMs }) => `${dataset}/${startMs}`).values()) {
    for (let from = 0; from < same.length; from += maxKeys) {
      const some = same.slice(from, from + maxKeys)
      const points = await readPoints(store, some)
      read.push(...some.map((bucket) => ({ bucket, points: points.get(bucket.key) ?? [] })))
    }
  }
  return read
}

async function readPoints(store: Store, buckets: readonly SeriesBucket[]): Promise<Map<string, KnownPoint[]>> {
  const [{ dataset, startMs } = { dataset: '', startMs: 0 }] = buckets
  const rows = await readRows<KnownPoint & { key: string }>(
    store,
    `SELECT key, toUnixTimestamp64Milli(toDateTime64(ts, 3)) AS atMs, toUnixTimestamp64Milli(known_at) AS knownMs, value
     FROM tidemark.latest
     WHERE dataset = {dataset:String} AND key IN {keys:Array(String)}
       AND ts >= fromUnixTimestamp64Milli({from:Int64}) AND ts < fromUnixTimestamp64Milli({to:Int64})`,
    { dataset, keys: [...new Set(buckets.map(({ key }) => key))], from: startMs, to: startMs + bucketMs },
  )
  return Map.groupBy(rows, ({ key }) => key)
}
