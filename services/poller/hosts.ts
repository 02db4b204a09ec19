import { hostOf } from '#platform/polling/host.ts'
import type { Dataset, RequestBudget, Source } from '#sources/source.ts'

/** A dataset and where it is asked for. */
export interface HostedDataset {
  dataset: Dataset
  source: string
  /** Requests go below it; no slash at the end. */
  baseUrl: string
}

/** An upstream host with all that is asked of it: the owner of one budget. */
export interface Host {
  /** Name, and port where it is not the scheme's own: publicationtool.jao.eu */
  name: string
  budget: RequestBudget
  datasets: HostedDataset[]
  /** Datasets that are switched off: not asked for, only told of. */
  off: Dataset[]
}

/**
 * The hosts of the sources' datasets.
 *
 * @param baseUrls addresses that replace a source's own, by the name of its setting; paths stay the same
 * @param off names of datasets that are switched off
 */
export function hostsOf(
  sources: readonly Source[],
  baseUrls: Record<string, string | undefined>,
  off: ReadonlySet<string>,
): Host[] {
  const isOn = ({ name }: Dataset): boolean => !off.has(name)
  const hosts = new Map<string, Host>()
  for (const { name: source, upstream, datasets } of sources) {
    if (upstream === undefined) continue
    const { baseUrl: address, budget } = upstream
    const baseUrl = (baseUrls[address.setting] ?? address.default).replace(/\/+$/, '')
    const name = hostOf(baseUrl)
    const [asked, notAsked] = [datasets.filter(isOn), datasets.filter((dataset) => !isOn(dataset))]
    const hosted = asked.map((dataset) => ({ dataset, source, baseUrl }))
    const known = hosts.get(name)
    hosts.set(name, {
      name,
      budget: known ? stricter(known.budget, budget) : budget,
      datasets: [...(known?.datasets ?? []), ...hosted],
      off: [...(known?.off ?? []), ...notAsked],
    })
  }
  return [...hosts.values()]
}

/** Two sources at one host share what the stricter one allows. */
function stricter(one: RequestBudget, other: RequestBudget): RequestBudget {
  return {
    perMinute: Math.min(one.perMinute, other.perMinute),
    burst: Math.min(one.burst, other.burst),
    refillPerMinute: Math.min(one.refillPerMinute, other.refillPerMinute),
    maxInFlight: Math.min(one.maxInFlight, other.maxInFlight),
  }
}
