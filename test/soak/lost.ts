// Compares the store with what the upstreams published and the files contained.
import { DecodeFailure } from '#platform/kafka/registry.ts'
import { rawResponseSchema } from '#schemas/generated/records.ts'
import { readRecords } from '../integrity/read-records.ts'
import type { Clients, RunningStack } from '../integrity/running-stack.ts'
import { differences, type SimulatorClient, windowOf } from '../integrity/simulator-client.ts'
import { pointsOf, untilStored } from '../integrity/whole-chain.ts'
import type { Written } from './votes.ts'

interface Soaked {
  stack: RunningStack
  query: Clients['query']
  simulator: SimulatorClient
  written: Written
  day: string
  tell: (line: string) => void
}

const minuteMs = 60_000

/** Returns counts, and one sentence per violation. The poller goes on polling meanwhile. */
export async function whatIsLost({ stack, query, simulator, written, day, tell }: Soaked) {
  const wrong: string[] = []
  const { environment, query: ask, kafka, registry } = await stack.connect()
  // Polls the day again, so that the store has its newest revision.
  for (const name of ['jao.core.maxExchanges', 'jao.core.netPos', 'jao.nordic.maxExchanges']) {
    const { code, stderr } = await stack.run('backfill', name, '--from', day, '--to', day, '--json')
    if (code !== 0) wrong.push(`${name} of ${day} could not be fetched at the end: ${stderr.trim()}`)
    const differing = differences(
      await simulator.truth(day, undefined, name.slice('jao.'.length)),
      await pointsOf({ query }, 'latest', windowOf(day), name),
    )
    if (differing.length > 0) wrong.push(`${name} of ${day}: ${differing.join('; ')}`)
  }
  await untilCaughtUp()
  const [totals] = await ask<Record<string, number>>(`SELECT
    (SELECT count() FROM blog_analysis.votes) + 0.0 AS votes,
    (SELECT uniqExact(Id) FROM blog_analysis.votes) + 0.0 AS distinct_votes,
    (SELECT count() FROM tidemark.points FINAL) + 0.0 AS points,
    (SELECT uniqExact(dataset) FROM tidemark.points) + 0.0 AS datasets_with_points,
    (SELECT count() FROM tidemark.flow_constraints) + 0.0 AS constraint_rows,
    (SELECT count() FROM tidemark.polls FINAL) + 0.0 AS polls,
    (SELECT countIf(outcome = 'failed') FROM tidemark.polls FINAL) + 0.0 AS failed_polls,
    (SELECT countIf(status = 429) FROM tidemark.polls FINAL) + 0.0 AS polls_429`)
  const { votes = 0, distinct_votes: distinct = 0 } = totals ?? {}
  if (votes !== written.ids.size) wrong.push(`${written.ids.size} votes were written, ${votes} are there`)
  if (distinct !== votes) wrong.push(`${votes} votes, but ${distinct} Ids`)
  if ((totals?.polls_429 ?? 0) > 0) wrong.push(`${totals?.polls_429} polls were too many for their host`)
  wrong.push(...(await ticksMissing()))
  const letters = await stack.run('dlq', 'list', '--json')
  const refused = JSON.parse(letters.stdout || '[]') as unknown[]
  if (refused.length > 0) wrong.push(`there are dead letters: ${letters.stdout.slice(0, 500)}`)
  return { counts: { ...totals, dead_letters: refused.length }, wrong }

  async function untilCaughtUp(): Promise<void> {
    tell('waiting until all that came is stored')
    await untilStored(environment, 5 * minuteMs).catch((error: Error) => wrong.push(error.message))
  }

  /** Compares the last price of XXBTZUSD in every raw answer of Kraken with its point. Returns up to ten sentences. */
  async function ticksMissing(): Promise<string[]> {
    const missing: string[] = []
    const records = await readRecords(kafka, 'kraken.raw')
    const decoder = registry.decoder(rawResponseSchema)
    await decoder.prepare(records.map(({ value }) => value))
    const key = 'XXBTZUSD.last'
    const rows = await ask<{ atMs: number; value: number }>(
      `SELECT toUnixTimestamp(ts) * 1000 AS atMs, value FROM tidemark.latest WHERE dataset = 'kraken.ticker' AND key = '${key}'`,
    )
    const held = new Map(rows.map(({ atMs, value }) => [Number(atMs), value]))
    for (const { value } of records) {
      const answer = decoder.decode(value)
      if (answer instanceof DecodeFailure) throw new Error(`kraken.raw cannot be read: ${answer.message}`)
      const { windowStart, body } = answer
      const { result } = JSON.parse(Buffer.from(body).toString()) as { result: { XXBTZUSD: { c: string[] } } }
      const price = Number(result.XXBTZUSD.c[0])
      if (held.get(windowStart) !== price)
        missing.push(`${key} at ${new Date(windowStart).toISOString()} is ${held.get(windowStart)}, should be ${price}`)
    }
    tell(`${records.length} answers of Kraken, ${rows.length} points of ${key}`)
    return missing.slice(0, 10)
  }
}
