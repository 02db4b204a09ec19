import { businessDay } from '#core/business-day.ts'

/** Values of points by name: border_AT_BE 2026-04-20T22:00:00.000Z. */
export type Points = Map<string, number | null>

export interface LoggedRequest {
  seq: number
  simMs: number
  path: string
  fromUtc: string
  toUtc: string
  status: number | null
  sha256: string | null
}

export interface MarketTruth {
  answered: string
  values: Record<string, number>
  answer: unknown
}

export interface SimulatorClient {
  command: (body: unknown) => Promise<void>
  /** Returns the points of a business day at an instant (ms) or now. Returns no points before its publication. */
  truth: (day: string, atMs?: number, dataset?: string) => Promise<Points>
  /** Returns a market at an instant (ms): figures by common names, and the answer of the exchange. */
  market: (host: string, market: string, atMs: number) => Promise<MarketTruth>
  /** Returns the log of requests to a host, by default JAO's publication tool. */
  requests: (host?: string) => Promise<LoggedRequest[]>
  nowMs: () => Promise<number>
}

export const pointName = (key: string, atMs: number): string => `${key} ${new Date(atMs).toISOString()}`

export const windowOf = (day: string): { startMs: number; endMs: number } => businessDay('Europe/Brussels', day).window

export function simulatorClient(url: string): SimulatorClient {
  const get = async (path: string) => {
    const answer = await fetch(`${url}/simulator/${path}`)
    if (!answer.ok) throw new Error(`the simulator answered ${path} with ${await answer.text()}`)
    return answer.json() as Promise<never>
  }
  return {
    command: async (body) => {
      const answer = await fetch(`${url}/simulator/command`, { method: 'POST', body: JSON.stringify(body) })
      if (!answer.ok) throw new Error(`the simulator refused ${JSON.stringify(body)}: ${await answer.text()}`)
    },
    truth: async (day, atMs, dataset = 'core.maxExchanges') => {
      const at = atMs === undefined ? '' : `&at=${new Date(atMs).toISOString()}`
      const { rows }: { rows: { hour: string; key: string; value: number | null }[] } = await get(
        `truth?dataset=${dataset}&day=${day}${at}`,
      )
      return new Map(rows.map(({ hour, key, value }) => [pointName(key, Date.parse(hour)), value]))
    },
    market: (host, market, atMs) => get(`truth?host=${host}&market=${market}&at=${new Date(atMs).toISOString()}`),
    requests: async (host = 'jao') => ((await get(`requests?host=${host}`)) as { requests: LoggedRequest[] }).requests,
    nowMs: async () => ((await get('clock')) as { nowMs: number }).nowMs,
  }
}

/** Describes up to ten missing, extra or different points. Returns [] if both are equal. */
export function differences(expected: Points, actual: Points): string[] {
  const missing = [...expected].flatMap(([name, value]) => {
    if (!actual.has(name)) return [`missing ${name}: ${value}`]
    return Object.is(actual.get(name), value) ? [] : [`${name} is ${actual.get(name)}, should be ${value}`]
  })
  const extra = [...actual.keys()].filter((name) => !expected.has(name)).map((name) => `not expected ${name}`)
  const all = [...missing, ...extra]
  return all.length > 10 ? [...all.slice(0, 10), `and ${all.length - 10} more`] : all
}
