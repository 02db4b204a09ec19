// Changes for the live stream: those that became known up to the settled instant, each once.
import { changesList, type Filter } from '#operations/questions/lists.ts'
import { readRows, type Store } from '#platform/clickhouse/client.ts'
import type { ChangePlace } from './cursor.ts'

export interface ChangeEvent {
  place: ChangePlace
  json: string
}

/** Limit of the changes of one question. The others come with the next one. */
const maxChanges = 5_000

/** Returns the changes after a place that became known before `untilMs`, in the order in which they became known. */
export async function changesAfter(
  store: Store,
  place: ChangePlace,
  untilMs: number,
  filter: Pick<Filter, 'dataset' | 'key'>,
): Promise<ChangeEvent[]> {
  if (place.knownAtMs >= untilMs) return []
  const { sql, parameters } = changesList(place.knownAtMs, untilMs, filter)
  const rows = await readRows<{ known_at: string; ms: number }>(
    store,
    `SELECT *, toUnixTimestamp64Milli(known_at) AS ms FROM (${sql}) ORDER BY known_at, dataset, key, ts
      LIMIT ${maxChanges + place.index}`,
    parameters,
  )
  let at: ChangePlace = { knownAtMs: place.knownAtMs, index: 0 }
  const events = rows.map(({ ms, ...change }) => {
    at = { knownAtMs: ms, index: ms === at.knownAtMs ? at.index + 1 : 1 }
    return { place: at, json: JSON.stringify(change) }
  })
  return events.filter((event) => event.place.knownAtMs > place.knownAtMs || event.place.index > place.index)
}
