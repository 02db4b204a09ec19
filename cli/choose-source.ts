import type { SourceKind } from '#infra/local/data-directory.ts'
import type { Source, Upstream } from '#sources/source.ts'

export interface Choice {
  source: SourceKind
  /** What to tell the user when nobody asked for this source. */
  because?: string
}

/**
 * Live when an upstream's address is set, or when one of the upstreams answers at all; else the simulator. Asks
 * upstreams one small question each, once.
 */
export async function chooseSource(
  sources: Source[],
  environment: NodeJS.ProcessEnv,
  timeoutMs = 5_000,
): Promise<Choice> {
  if (sources.some(({ upstream }) => upstream && environment[upstream.baseUrl.setting])) return { source: 'live' }
  const failures = await Promise.all(
    sources.flatMap(({ name, upstream }) => (upstream ? [probe(name, upstream, timeoutMs)] : [])),
  )
  if (failures.includes(undefined)) return { source: 'live' }
  return { source: 'simulated', because: failures.join('; ') }
}

/** Why the upstream does not answer; undefined when it does, with whatever status below 500. */
async function probe(name: string, { baseUrl }: Upstream, timeoutMs: number): Promise<string | undefined> {
  const host = `${name.toUpperCase()} (${new URL(baseUrl.default).host})`
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const answer = await fetch(baseUrl.default, { redirect: 'manual', signal })
    await answer.body?.cancel()
    return answer.status < 500 ? undefined : `${host} answers HTTP ${answer.status}`
  } catch (error) {
    return `${host} does not answer (${reasonOf(error, timeoutMs)})`
  }
}

function reasonOf(error: unknown, timeoutMs: number): string {
  const { name, message, cause } = error as Error & { cause?: NodeJS.ErrnoException }
  if (name === 'TimeoutError') return `nothing within ${timeoutMs / 1000} s`
  return cause?.code ?? cause?.message ?? message
}
