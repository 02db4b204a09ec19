import { database, type Store } from '#platform/clickhouse/client.ts'

/** The newest row of each poller of a host in host_log. Instants are ms UTC. */
export interface HostSays {
  host: string
  atMs: number
  state: string
  settledToMs: number
}

/** An answer that replaces older ones: when it arrived, and when the store had it. Null: the store does not have it. */
export interface Arrival {
  knownMs: number
  storedMs: number | null
}

export interface Settled {
  atMs: number
  /** `asked`: somebody named the instant. `settled`: see settledInstant(). `now`: no poller has said anything yet. */
  basis: 'asked' | 'settled' | 'now'
  /** The host that holds the instant back most; null: none. */
  host: string | null
}

/** A host is owned while its owner has spoken within this time, ms. The view completeness has the same limit. */
const ownedForMs = 150_000
/** An answer that is not in the store for longer holds nothing back: it is a fault, and the report shows it. */
const onTheirWayMs = 10 * 60_000

/**
 * Returns the newest instant before which every answer known is acknowledged and stored. It is not after settled_to of a
 * host that is owned now, and it does not lie between the arrival of an answer and the moment when the store had it.
 * Answers that take longer than 10 minutes hold nothing back. The store alone cannot tell whether its sink is behind on
 * the topic polls.
 */
export function settledInstant(hosts: readonly HostSays[], arrivals: readonly Arrival[], nowMs: number): Settled {
  const heard = hosts.filter(({ atMs }) => atMs <= nowMs)
  if (heard.length === 0) return { atMs: nowMs, basis: 'now', host: null }
  let atMs = nowMs
  let host: string | null = null
  for (const each of heard) {
    if (each.state !== 'owned' || each.atMs <= nowMs - ownedForMs || each.settledToMs >= atMs) continue
    atMs = each.settledToMs
    host = each.host
  }
  const earliestMs = atMs - onTheirWayMs
  for (const { knownMs, storedMs } of arrivals.toSorted((one, other) => other.knownMs - one.knownMs)) {
    if (knownMs > atMs || knownMs <= earliestMs) continue
    if (storedMs === null || storedMs > atMs) atMs = knownMs - 1
  }
  return { atMs, basis: 'settled', host }
}

/** Asks the store for the settled instant. `nowMs`: the pollers' clock. */
export async function readSettled(store: Store, nowMs: number): Promise<Settled> {
  const ask = async <Row>(query: string): Promise<Row[]> => {
    const result = await store.query({
      query,
      query_params: { now: nowMs, since: nowMs - ownedForMs - 2 * onTheirWayMs },
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
    })
    return result.json<Row>()
  }
  const ms = (column: string): string => `toUnixTimestamp64Milli(${column})`
  const pageless = `replaceRegexpOne(assumeNotNull(request_identity), '/rows-\\\\d+/', '/')`
  const since = 'fromUnixTimestamp64Milli({since:Int64})'
  const [hosts, arrivals] = await Promise.all([
    ask<HostSays>(
      `SELECT host, ${ms('log.at')} AS atMs, state, ${ms('settled_to')} AS settledToMs
        FROM ${database}.host_log AS log WHERE log.at <= fromUnixTimestamp64Milli({now:Int64})
        ORDER BY host, poller, log.at DESC LIMIT 1 BY host, poller`,
    ),
    ask<Arrival>(
      `SELECT ${ms('known_at')} AS knownMs, ${ms('min(stored_at)')} AS storedMs
        FROM ${database}.stored_answers AS answer WHERE replaces AND answer.known_at > ${since}
        GROUP BY request_identity, known_at
        UNION ALL
        SELECT ${ms('state.changed')}, NULL
        FROM (
          SELECT request_identity, max(last_changed_at) AS changed FROM ${database}.window_states AS poll
          WHERE poll.at > ${since} AND completeness IN ('complete', 'partial') GROUP BY request_identity
        ) AS state
        LEFT ANY JOIN (
          SELECT ${pageless} AS request_identity, max(known_at) AS newest FROM ${database}.stored_answers
          WHERE replaces AND known_at > ${since} GROUP BY request_identity
        ) AS answer USING (request_identity)
        WHERE state.changed > greatest(${since}, answer.newest) AND request_identity NOT IN (
          SELECT ${pageless} FROM ${database}.dead_letters
          WHERE at > ${since} AND request_identity IS NOT NULL
        )`,
    ),
  ])
  return settledInstant(hosts, arrivals, nowMs)
}
