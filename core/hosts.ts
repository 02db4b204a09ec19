import { ConfigError } from '#platform/process/config.ts'
import type { Dataset, RequestBudget, RequestSpec, Schedule, Source, Upstream } from '#sources/source.ts'
import { type ScheduleOverrides, scheduleOf } from './dataset-schedules.ts'
import { hostOf } from './host.ts'
import type { SourceSettings } from './source-settings.ts'

export interface HostedDataset {
  dataset: Dataset
  asking: RequestSpec
  source: string
  /** Base URL of the source, without a slash at the end. */
  baseUrl: string
  headers: Readonly<Record<string, string>>
  /** Selectors of the requests, one request per entry. Null stands for a request without a selector. */
  selectors: readonly (string | null)[]
  schedule: Schedule
  /** Whether windows of the last BACKFILL_DAYS days are polled without a request. */
  autoBackfill: boolean
  /** Time between two ticks, ms. Null if the windows are days, hours or months. */
  intervalMs: number | null
}

export interface Host {
  /** Host name, with the port if it is not the scheme's default: publicationtool.jao.eu */
  name: string
  budget: RequestBudget
  datasets: HostedDataset[]
  /** Datasets of the host that are not polled. /status shows them. */
  off: OffDataset[]
}

export interface OffDataset {
  dataset: Dataset
  schedule: Schedule
  /** `DATASET_SCHEDULES`, `declaration`, or `needs <setting> (<where to get it>)`. */
  because: string
}

/** Groups the datasets by host. @throws ConfigError if a host's ticks need more requests than its budget allows */
export function hostsOf(sources: readonly Source[], settings: SourceSettings, overrides: ScheduleOverrides): Host[] {
  const hosts = new Map<string, Host>()
  for (const source of sources) {
    const { upstream } = source
    if (upstream === undefined) continue
    const baseUrl = (settings.baseUrls[upstream.baseUrl.setting] ?? upstream.baseUrl.default).replace(/\/+$/, '')
    const name = hostOf(baseUrl)
    const at = { source: source.name, baseUrl, headers: secretHeaders(upstream, settings) }
    const known = hosts.get(name)
    const host: Host = {
      name,
      budget: known ? stricter(known.budget, upstream.budget) : upstream.budget,
      datasets: [...(known?.datasets ?? [])],
      off: [...(known?.off ?? [])],
    }
    for (const dataset of source.datasets) {
      if (dataset.asking === undefined) continue
      const because = whyOff(dataset, upstream, settings, overrides)
      if (because === undefined)
        host.datasets.push({ ...at, ...howAsked(dataset, dataset.asking, settings, overrides) })
      else host.off.push({ dataset, schedule: scheduleOf(dataset, overrides), because })
    }
    hosts.set(name, host)
  }
  for (const host of hosts.values()) assertTicksFit(host)
  return [...hosts.values()]
}

function whyOff(
  dataset: Dataset,
  { credential }: Upstream,
  { credentials }: SourceSettings,
  overrides: ScheduleOverrides,
): string | undefined {
  if (scheduleOf(dataset, overrides) === 'off') return overrides.has(dataset.name) ? 'DATASET_SCHEDULES' : 'declaration'
  if (credential && !credentials[credential.setting]) return `needs ${credential.setting} (${credential.obtainFrom})`
  return undefined
}

function secretHeaders({ credential }: Upstream, { credentials }: SourceSettings): Record<string, string> {
  const secret = credential && credentials[credential.setting]
  return credential && secret ? { [credential.header]: secret } : {}
}

function howAsked(
  dataset: Dataset,
  asking: RequestSpec,
  settings: SourceSettings,
  overrides: ScheduleOverrides,
): Omit<HostedDataset, 'source' | 'baseUrl' | 'headers'> {
  const { calendar } = dataset
  return {
    dataset,
    asking,
    selectors: selectorsOf(asking, settings),
    schedule: scheduleOf(dataset, overrides),
    autoBackfill: asking.autoBackfill || overrides.get(dataset.name) === 'auto',
    intervalMs:
      calendar.kind === 'ticks' ? (settings.everyS[calendar.every.setting] ?? calendar.every.defaultS) * 1_000 : null,
  }
}

function selectorsOf({ selectors }: RequestSpec, settings: SourceSettings): (string | null)[] {
  if (selectors === undefined) return [null]
  const wanted = settings.selectors[selectors.setting] ?? selectors.default
  const requests = Math.ceil(wanted.length / selectors.perRequest)
  return Array.from({ length: requests }, (_, index) =>
    wanted.slice(index * selectors.perRequest, (index + 1) * selectors.perRequest).join(','),
  )
}

const minuteMs = 60_000

function assertTicksFit({ name, budget, datasets }: Host): void {
  const ticking = datasets.filter(({ intervalMs, schedule }) => intervalMs !== null && schedule === 'auto')
  const needed = ticking.reduce(
    (sum, { selectors, intervalMs }) => sum + (selectors.length * minuteMs) / (intervalMs ?? 1),
    0,
  )
  if (needed <= budget.refillPerMinute) return
  const aTick = ticking.reduce((sum, { selectors }) => sum + selectors.length, 0)
  const enoughS = Math.ceil((aTick * 60) / budget.refillPerMinute)
  const every = new Set(
    ticking.flatMap(({ dataset: { calendar } }) => (calendar.kind === 'ticks' ? [calendar.every.setting] : [])),
  )
  const fewer = new Set(ticking.flatMap(({ asking }) => asking.selectors?.setting ?? []))
  throw new ConfigError(
    `${name} would be asked ${Math.ceil(needed)} times a minute, and ${budget.refillPerMinute} are all it allows: ` +
      `set ${[...every].join(', ')} to ${enoughS} at the least, or name fewer in ${[...fewer].join(', ')}.`,
  )
}

function stricter(one: RequestBudget, other: RequestBudget): RequestBudget {
  return {
    perMinute: Math.min(one.perMinute, other.perMinute),
    burst: Math.min(one.burst, other.burst),
    refillPerMinute: Math.min(one.refillPerMinute, other.refillPerMinute),
    maxInFlight: Math.min(one.maxInFlight, other.maxInFlight),
  }
}
