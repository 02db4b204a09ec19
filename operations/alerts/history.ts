// What alert rules told, from the store.
import { readRows, type Store } from '#platform/clickhouse/client.ts'
import { UserError } from '#platform/process/user-error.ts'
import type { AlertEvent } from '#schemas/generated/records.ts'

export interface HistoryRequest {
  /** Null: of all rules. */
  ruleId: string | null
  sinceMs: number
  limit: number
}

const columns = `id, kind, rule_id AS ruleId, rule_version AS ruleVersion, title, owner, severity, dataset, key, unit,
  toUnixTimestamp64Milli(onset_at) AS onsetAt, toUnixTimestamp64Milli(ends_at) AS endsAt, firing_id AS firingId,
  toUnixTimestamp64Milli(point_at) AS pointAt, value, compared, reference, samples, expected,
  toUnixTimestamp64Milli(known_at) AS knownAt, raw_partition AS rawPartition, raw_offset AS rawOffset, detail,
  toUnixTimestamp64Milli(at) AS at`

/** Returns what was told, the newest first. */
export function alertHistory(store: Store, { ruleId, sinceMs, limit }: HistoryRequest): Promise<AlertEvent[]> {
  return readRows<AlertEvent>(
    store,
    `SELECT ${columns} FROM tidemark.alert_events AS event FINAL
     WHERE ({rule:Nullable(String)} IS NULL OR rule_id = {rule:Nullable(String)})
       AND event.at >= fromUnixTimestamp64Milli({since:Int64})
     ORDER BY event.at DESC, id LIMIT {limit:UInt32}`,
    { rule: ruleId, since: sinceMs, limit },
  )
}

/** Returns a transition by its id, or by the first 8 or more characters of it. @throws UserError if there is none */
export async function alertEvent(store: Store, id: string): Promise<AlertEvent> {
  if (!/^[0-9a-f]{8,32}$/.test(id)) throw new UserError(`${id} is not the id of an alert: 8 to 32 characters 0-9, a-f.`)
  const found = await readRows<AlertEvent>(
    store,
    `SELECT ${columns} FROM tidemark.alert_events AS event FINAL WHERE startsWith(id, {id:String}) LIMIT 2`,
    { id },
  )
  if (found[1] !== undefined) throw new UserError(`Several alerts begin with ${id}: name more characters.`)
  if (found[0] === undefined)
    throw new UserError(`There is no alert ${id}: \`npx tidemark alerts history\` names them.`)
  return found[0]
}

export interface DeliveryOfEvent {
  endpoint: string
  state: string
  attempts: number
  endedAt: number | null
  detail: string | null
}

/** Returns to which endpoints a transition was told, and with what success. */
export function deliveriesOf(store: Store, eventId: string): Promise<DeliveryOfEvent[]> {
  return readRows<DeliveryOfEvent>(
    store,
    `SELECT endpoint, state, attempts, toUnixTimestamp64Milli(ended_at) AS endedAt, detail
     FROM tidemark.alert_deliveries FINAL WHERE has(event_ids, {id:String}) ORDER BY endpoint`,
    { id: eventId },
  )
}
