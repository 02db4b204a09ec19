import { hostOf } from '#core/host.ts'
import type { SourceKind } from '#local/data-directory.ts'
import { connectionProblem } from '#platform/process/connection-problem.ts'
import type { Source } from '#sources/source.ts'

export interface Choice {
  source: SourceKind
  because?: string
}

/** Chooses live data if the environment sets an upstream's address, or if any upstream answers; else the simulator. */
export async function chooseSource(
  sources: readonly Source[],
  environment: NodeJS.ProcessEnv,
  timeoutMs = 5_000,
): Promise<Choice> {
  if (sources.some(({ upstream }) => upstream && environment[upstream.baseUrl.setting])) return { source: 'live' }
  const urls = sources.flatMap(({ upstream }) => upstream?.baseUrl.default ?? [])
  const failures = await Promise.all(urls.map((url) => probe(url, timeoutMs)))
  if (failures.includes(undefined)) return { source: 'live' }
  return { source: 'simulated', because: failureLines(failures).join('; ') }
}

/** Returns a line for each reason why hosts do not answer. Skips hosts without a polled dataset or a needed API key. */
export async function unreachableHosts(
  sources: readonly Source[],
  environment: NodeJS.ProcessEnv,
  off: ReadonlySet<string>,
  timeoutMs = 5_000,
): Promise<string[]> {
  const urls = new Map<string, string>()
  for (const { upstream, datasets } of sources) {
    if (upstream === undefined || datasets.every(({ name, asking }) => asking === undefined || off.has(name))) continue
    if (upstream.credential && !environment[upstream.credential.setting]) continue
    const url = environment[upstream.baseUrl.setting] || upstream.baseUrl.default
    urls.set(hostOf(url), url)
  }
  return failureLines(await Promise.all([...urls.values()].map((url) => probe(url, timeoutMs))))
}

interface ProbeFailure {
  host: string
  why: string
}

/** Requests a URL once. Returns why the host does not answer; undefined if it answers with a status below 500. */
async function probe(url: string, timeoutMs: number): Promise<ProbeFailure | undefined> {
  const host = hostOf(url)
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const answer = await fetch(url, { redirect: 'manual', signal })
    await answer.body?.cancel()
    return answer.status < 500 ? undefined : { host, why: `HTTP ${answer.status} is all that comes` }
  } catch (error) {
    return { host, why: connectionProblem(error) ?? reasonOf(error, timeoutMs) }
  }
}

function reasonOf(error: unknown, timeoutMs: number): string {
  const { name, message, cause } = error as Error & { cause?: NodeJS.ErrnoException }
  if (name === 'TimeoutError') return `nothing came within ${timeoutMs / 1000} s`
  return cause?.code ?? cause?.message ?? message
}

/** Returns a line for each reason, which names all its hosts. If the machine is offline, one line names every host. */
function failureLines(failures: readonly (ProbeFailure | undefined)[]): string[] {
  const byReason = Map.groupBy(
    failures.filter((failure) => failure !== undefined),
    ({ why }) => why,
  )
  return [...byReason].map(([why, same]) => {
    const hosts = [...new Set(same.map(({ host }) => host))]
    return `${hosts.join(', ')} ${hosts.length === 1 ? 'does' : 'do'} not answer: ${why}`
  })
}
