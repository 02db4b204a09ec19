// What alert rules told, from the store.
import type { TransitionKind } from '#core/alerts/transition.ts'
import type { ListQuestion } from '#operations/questions/page.ts'
import { storeTime } from '#operations/questions/values.ts'
import { readRows, type Store } from '#platform/clickhouse/client.ts'
import { errorKind } from '#platform/clickhouse/errors.ts'
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

export interface EventFilter {
  /** Absent: of all. */
  rule?: string | undefined
  dataset?: string | undefined
  key?: string | undefined
  kind?: TransitionKind | undefined
  /** Told at this instant or later, ms UTC. */
  sinceMs?: number | undefined
  /** Episodes that began in this span, ms UTC; `toMs` is excluded. */
  fromMs?: number | undefined
  toMs?: number | undefined
}

const rowColumns = `id, kind, rule_id, rule_version, title, owner, severity, dataset, key, unit, onset_at, ends_at, firing_id,
  point_at, value, compared, reference, samples, expected, known_at, raw_partition, raw_offset, detail, at`

/** What was told, as rows of the table: the newest first. */
export function eventsList({ rule, dataset, key, kind, sinceMs, fromMs, toMs }: EventFilter): ListQuestion {
  const equal = { rule_id: rule, dataset, key, kind }
  const bounds = { since: ['at >=', sinceMs], from: ['onset_at >=', fromMs], to: ['onset_at <', toMs] } as const
  const parameters: Record<string, string> = {}
  const conditions: string[] = []
  for (const [column, value] of Object.entries(equal)) {
    if (value === undefined) continue
    conditions.push(`${column} = {${column}:String}`)
    parameters[column] = value
  }
  for (const [name, [bound, ms]] of Object.entries(bounds)) {
    if (ms === undefined) continue
    conditions.push(`${bound} {${name}:DateTime64(3, 'UTC')}`)
    parameters[name] = storeTime(ms)
  }
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  return {
    ...{ sql: `SELECT ${rowColumns} FROM tidemark.alert_events FINAL ${where}`, parameters },
    ...{ order: newestFirst, isDescending: true },
  }
}

/** What begins an episode, and what follows it. */
const follows = { firing: ['changed', 'resolved', 'cancelled'], unknown: ['known'] }
export type OpenKind = keyof typeof follows

/**
 * The episodes that are open, of rules that fire or of rules that miss data: each is what began it, with the end that was
 * told last. One whose end is known and lies ahead is open, too.
 */
export function openList(kind: OpenKind, nowMs: number): ListQuestion {
  const sql = `SELECT event.* EXCEPT ends_at, told.ends_at AS ends_at
    FROM (SELECT ${rowColumns} FROM tidemark.alert_events FINAL WHERE kind = {kind:String}) AS event
    INNER JOIN (
      SELECT episode, newest.2 AS ends_at FROM (
        SELECT ifNull(firing_id, id) AS episode, argMax((kind, ends_at), (at, known_at, kind != {kind:String})) AS newest
        FROM tidemark.alert_events FINAL WHERE kind IN {kinds:Array(String)}
        GROUP BY episode
      )
      WHERE newest.1 IN ({kind:String}, 'changed') AND (newest.2 IS NULL OR newest.2 > {now:DateTime64(3, 'UTC')})
    ) AS told ON told.episode = event.id`
  const parameters = { kind, kinds: [kind, ...follows[kind]], now: storeTime(nowMs) }
  return { sql, parameters, order: newestFirst, isDescending: true }
}

/** Of which dataset a rule is unknown, since when, ms UTC, and why. A rule with a query is unknown of `sql`. */
export type UnknownRule = Pick<AlertEvent, 'ruleId' | 'dataset' | 'onsetAt' | 'detail'>

const maxUnknownMs = 5_000

/** Returns what rules cannot judge now, the newest first. null: the store does not answer within 5 s. */
export async function unknownRules(store: Store, nowMs: number): Promise<UnknownRule[] | null> {
  const { sql, parameters } = openList('unknown', nowMs)
  const query = `SELECT rule_id AS ruleId, dataset, toUnixTimestamp64Milli(onset_at) AS onsetAt, detail
    FROM (${sql}) ORDER BY at DESC, id`
  try {
    return await readRows<UnknownRule>(store, query, parameters, AbortSignal.timeout(maxUnknownMs))
  } catch (error) {
    if (errorKind(error) === 'retry') return null
    throw error
  }
}

const newestFirst = [
  { column: 'at', type: "DateTime64(3, 'UTC')" },
  { column: 'id', type: 'String' },
]

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
