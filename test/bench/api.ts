// Measures the API: one series that 1,000 readers ask for at once, and the time machine.
import { rawResponseSchema } from '#schemas/generated/records.ts'
import { addDays, businessDay, FIRST_DAY } from '#simulator/jao/calendar.ts'
import { createUpstream } from '#simulator/jao/upstream.ts'
import { startApi } from '../integrity/api-parts.ts'
import { type Chain, startChain } from '../integrity/whole-chain.ts'
import { rawResponse } from '../support/raw-responses.ts'
import { residentMiB } from './cpu.ts'
import { percentile } from './store-queries.ts'

const days = 365
const readers = 1_000
const requests = 5_000

export async function measureApi(tell: (line: string) => void): Promise<Record<string, number>> {
  const chain = await startChain()
  try {
    await load(chain)
    tell(`${days} days of 132 borders are stored`)
    const api = await startApi(chain, { API_REQUESTS_PER_MINUTE: '1000000' })
    const reader = await api.as({ role: 'reader' })
    const end = addDays(FIRST_DAY, days)
    const values = `${api.url}/api/v1/series/jao.core.maxExchanges/border_AT_BE.csv?from=${addDays(end, -31)}&to=${end}`
    const { startMs, endMs } = businessDay(addDays(end, -2))
    const span = `FromUtc=${new Date(startMs).toISOString()}&ToUtc=${new Date(endMs).toISOString()}`
    const machine = `${api.url}/time-machine/now/jao/core/api/data/maxExchanges?${span}`
    const same = await ask(values, reader)
    const different = await ask(`${values}&at=`, reader, (index) => new Date(Date.now() - index * 1_000).toISOString())
    const stored = await ask(machine, reader)
    return {
      api_same_series_requests_per_s: same.perS,
      api_same_series_p50_ms: same.p50Ms,
      api_same_series_p95_ms: same.p95Ms,
      api_as_of_different_instants_requests_per_s: different.perS,
      api_as_of_different_instants_p95_ms: different.p95Ms,
      time_machine_requests_per_s: stored.perS,
      time_machine_p95_ms: stored.p95Ms,
      api_memory_mib: residentMiB(api.pid),
    }
  } finally {
    await chain.stop()
  }
}

async function load(chain: Chain): Promise<void> {
  const upstream = createUpstream(1)
  const encode = await chain.registry.encoder('jao.raw', rawResponseSchema)
  for (let day = FIRST_DAY, index = 0; index < days; day = addDays(day, 1), index++) {
    const window = businessDay(day)
    const body = upstream.body(window.startMs, window.endMs, Date.parse('2027-01-01T00:00:00Z'))
    const raw = rawResponse(window, body, Date.now())
    await chain.producer.send('jao.raw', [{ key: raw.requestIdentity, value: encode(raw) }], { compress: true })
  }
  await chain.settled(600_000)
}

/** Sends requests, `readers` at a time. `ending` makes them different. @throws Error if one is not answered with 200 */
async function ask(url: string, headers: Record<string, string>, ending: (index: number) => string = () => '') {
  const tookMs: number[] = []
  let next = 0
  const read = async (): Promise<void> => {
    for (let index = next++; index < requests; index = next++) {
      const startedMs = performance.now()
      const answer = await fetch(`${url}${ending(index)}`, { headers })
      await answer.arrayBuffer()
      if (answer.status !== 200) throw new Error(`${answer.status} from ${url}`)
      tookMs.push(performance.now() - startedMs)
    }
  }
  const startedMs = performance.now()
  await Promise.all(Array.from({ length: readers }, read))
  const seconds = (performance.now() - startedMs) / 1_000
  return { perS: Math.round(requests / seconds), p50Ms: percentile(tookMs, 0.5), p95Ms: percentile(tookMs, 0.95) }
}
