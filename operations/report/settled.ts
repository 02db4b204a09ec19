import { database, type Store } from '#platform/clickhouse/client.ts'

/** The newest row of each poller of a host, and of the monitor, in host_log. Instants are ms UTC. */
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
  /** The host whose row in host_log the instant is of; null: none. */
  host: string | null
}

/** A host is owned while its owner has spoken within this time, ms. The view completeness has the same limit. */
const ownedForMs = 150_000
/** An answer that is not in the store for longer holds nothing back: it is a fault, and the report shows it. */
const onTheirWayMs = 10 * 60_000

/**
 * Returns the newest instant before which every answer known is acknowledged and stored. It is not after the newest row of
 * host_log: the sink stores such a row after all facts that were written before it, so without a newer one the sink may be
 * behind. Pollers write such rows of their hosts, and the monitor writes them in any case. The instant is not after
 * settled_to of a host that was owned then, and it does not lie between the arrival of an answer and the moment when the
 * store had it. Answers that take longer than 10 minutes hold nothing back.
 */
export function settledInstant(hosts: readonly HostSays[], arrivals: readonly Arrival[], nowMs: number): Settled {
  const heard = hosts.filter((each) => each.atMs <= nowMs)
  const newest = heard.toSorted((one, other) => other.atMs - one.atMs)[0]
  if (newest === undefined) return { atMs: nowMs, basis: 'now', host: null }
  let { atMs, host } = newest
  for (const each of heard) {
    if (each.state !== 'owned' || each.atMs <= newest.atMs - ownedForMs || each.settledToMs >= atMs) continue
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
  const ask = async <Row>(query: string, query_params: Record<string, unknown>): Promise<Row[]> => {
    const clickhouse_settings = { output_format_json_quote_64bit_integers: 0 } as const
    return (await store.query({ query, query_params, format: 'JSONEachRow', clickhouse_settings })).json<Row>()
  }
  const hosts = await ask<HostSays>(
    `SELECT host, ${ms('log.at')} AS atMs, state, ${ms('settled_to')} AS settledToMs
      FROM ${database}.host_log AS log WHERE log.at <= fromUnixTimestamp64Milli({now:Int64})
      ORDER BY host, poller, log.at DESC LIMIT 1 BY host, poller`,
    { now: nowMs },
  )
  // After the hosts: the instant is not after the newest of their rows, and the polls before it are in the store by now.
  const newestMs = Math.max(...hosts.map(({ atMs }) => atMs))
  const since = newestMs - ownedForMs - 2 * onTheirWayMs
  return settledInstant(hosts, hosts.length === 0 ? [] : await ask<Arrival>(arrivals, { since }), nowMs)
}

const ms = (column: string): string => `toUnixTimestamp64Milli(${column})`
const since = 'fromUnixTimestamp64Milli({since:Int64})'
/** SQL: a request identity without its page, so that the pages of a window have the same one. */
export const pageless = `replaceRegexpOne(assumeNotNull(request_identity), '/rows-\\\\d+/', '/')`

/**
 * SQL: the answers that are in the store, and those that polls name and that became neither an accepted answer nor a dead
 * letter yet. A poll says where its answer lies on the raw topic. A poll of several pages says only when it changed.
 */
const arrivals = `
  SELECT ${ms('known_at')} AS knownMs, ${ms('min(stored_at)')} AS storedMs
  FROM ${database}.stored_answers AS answer WHERE replaces AND answer.known_at > ${since}
  GROUP BY request_identity, known_at
  UNION ALL
  SELECT ${ms('poll.at')}, NULL
  FROM ${database}.window_states AS poll
  WHERE poll.at > ${since} AND raw_offset IS NOT NULL
    -- An answer without rows becomes an accepted answer only if it confirms that there are none.
    AND (completeness IN ('complete', 'partial') OR empty_confirmed OR outcome IN ('refused', 'unreadable'))
    AND (dataset, assumeNotNull(raw_partition), assumeNotNull(raw_offset)) NOT IN (
      SELECT dataset, raw_partition, raw_offset FROM ${database}.stored_answers WHERE replaces AND known_at >= ${since}
    )
    AND (dataset, assumeNotNull(raw_partition), assumeNotNull(raw_offset)) NOT IN (
      SELECT assumeNotNull(dataset), assumeNotNull(raw_partition), assumeNotNull(raw_offset)
      FROM ${database}.dead_letters WHERE dataset IS NOT NULL AND raw_offset IS NOT NULL
    )
  UNION ALL
  SELECT ${ms('state.changed')}, NULL
  FROM (
    SELECT DISTINCT request_identity, assumeNotNull(last_changed_at) AS changed FROM ${database}.window_states AS poll
    WHERE poll.at > ${since} AND last_changed_at > ${since} AND completeness IN ('complete', 'partial')
      AND (request_identity, last_changed_at) NOT IN (
        SELECT request_identity, toNullable(poll.at) FROM ${database}.window_states AS poll
        WHERE poll.at > ${since} AND raw_offset IS NOT NULL
      )
  ) AS state
  LEFT ANY JOIN (
    SELECT ${pageless} AS request_identity, max(known_at) AS newest FROM ${database}.stored_answers
    WHERE replaces AND known_at > ${since} GROUP BY request_identity
  ) AS answer USING (request_identity)
  WHERE state.changed > answer.newest AND request_identity NOT IN (
    SELECT ${pageless} FROM ${database}.dead_letters WHERE at > ${since} AND request_identity IS NOT NULL
  )`
