/** What a dataset asks a host for at every tick. */
export interface TickLoad {
  dataset: string
  /** Its subjects, so many in one request; the setting they come from, null where it has none. */
  subjects: { count: number; perRequest: number; setting: string } | null
  everyS: number
  everySetting: string
}

/** Requests a minute of a load. */
export const requestsPerMinute = ({ subjects, everyS }: TickLoad): number =>
  ((subjects ? Math.ceil(subjects.count / subjects.perRequest) : 1) * 60) / everyS

/**
 * Whether the ticks that are configured for a host fit its budget. Undefined: they do. Otherwise one sentence: what was
 * asked for, what is allowed, and what would fit. Pure. All datasets of the host count, with the budget they share.
 *
 * @param refillPerMinute requests a minute of the host's budget, what it gives again and again
 */
export function overTickBudget(host: string, refillPerMinute: number, loads: readonly TickLoad[]): string | undefined {
  const wanted = loads.reduce((sum, load) => sum + requestsPerMinute(load), 0)
  if (wanted <= refillPerMinute) return undefined
  const parts = loads.map((load) => `${load.dataset} ${told(requestsPerMinute(load))}`)
  const settings = (names: (string | undefined)[]) =>
    [...new Set(names.filter((name) => name !== undefined))].join(', ')
  const fewer = settings(loads.map(({ subjects }) => subjects?.setting))
  const every = settings(loads.map(({ everySetting }) => everySetting))
  // The same interval for all of the host's datasets at which they would fit.
  const perTick = loads.reduce((sum, load) => sum + (requestsPerMinute(load) * load.everyS) / 60, 0)
  const enoughS = Math.ceil((perTick * 60) / refillPerMinute)
  return (
    `${host} allows ${refillPerMinute} requests a minute, configured are ${told(wanted)} (${parts.join(', ')}): ` +
    `set ${every} to at least ${enoughS}${fewer === '' ? '' : `, or name fewer in ${fewer}`}`
  )
}

const told = (requests: number): string => String(Math.ceil(requests))
