// Questions to the API.
import { signal } from '@preact/signals'
import { useEffect, useState } from 'preact/hooks'
import { nowMs, setClockBy } from './clock.ts'

/** What the API says is wrong. */
export class Problem extends Error {
  readonly status: number
  readonly title: string
  constructor(status: number, title: string, detail: string) {
    super(detail)
    this.status = status
    this.title = title
  }
}

/** Since when the API has not answered, ms UTC; null: it answers. */
export const awaySince = signal<number | null>(null)

export type Answer<Value> =
  | { state: 'loading' }
  /** `isOld`: a newer answer is on its way, or the API is away. */
  | { state: 'ready'; value: Value; isOld: boolean }
  | { state: 'failed'; problem: Problem }

/** Asks the API once. @throws Problem, or a TypeError if the API does not answer */
export async function ask<Value>(path: string, init: RequestInit = {}): Promise<Value> {
  const response = await fetch(`/api/v1/${path}`, { ...init, headers: { accept: 'application/json', ...init.headers } })
  awaySince.value = null
  if (response.status === 204) return undefined as Value
  if (response.ok) {
    const value = (await response.json()) as Value
    setClockBy(value)
    return value
  }
  const body = (await response.json().catch(() => null)) as { title?: string; detail?: string } | null
  throw new Problem(
    response.status,
    body?.title ?? `Status ${response.status}`,
    body?.detail ?? 'The API gives no reason. Its log has more.',
  )
}

const retryMs = 3_000
const maxKept = 60
/** The newest answers, so that going back shows something at once. */
const kept = new Map<string, unknown>()

function keep(path: string, value: unknown): void {
  kept.delete(path)
  kept.set(path, value)
  const oldest = kept.keys().next().value
  if (kept.size > maxKept && oldest !== undefined) kept.delete(oldest)
}

/**
 * Finds an answer that takes several questions. `path` names the answer. `show` shows a part of it, unless an older answer
 * is shown. @throws what `ask` throws
 */
export type Loader<Value> = (path: string, signal: AbortSignal, show: (part: Value) => void) => Promise<Value>

interface Asking<Value> {
  everyMs?: number
  refresh?: number
  /** Absent: the path is one of the API. */
  load?: Loader<Value>
}

/**
 * Asks the API for a path, and again every `everyMs`, after `refresh` changed and until it answers. null: nothing is asked.
 * While the API is away the newest answer stays.
 */
export function useAnswer<Value>(
  path: string | null,
  { everyMs = 0, refresh = 0, load = (of, signal) => ask<Value>(of, { signal }) }: Asking<Value> = {},
): Answer<Value> {
  const [answer, setAnswer] = useState<{ path: string | null; of: Answer<Value> }>({
    path: null,
    of: { state: 'loading' },
  })
  useEffect(() => {
    if (path === null) return
    const stop = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const set = (of: Answer<Value>): void => setAnswer({ path, of })
    const held = kept.get(path) as Value | undefined
    if (held !== undefined) set({ state: 'ready', value: held, isOld: true })
    const again = (afterMs: number): void => {
      timer = setTimeout(run, afterMs)
    }
    const run = async (): Promise<void> => {
      try {
        const value = await load(path, stop.signal, (part) => {
          if (!kept.has(path) && !stop.signal.aborted) set({ state: 'ready', value: part, isOld: true })
        })
        if (stop.signal.aborted) return
        keep(path, value)
        set({ state: 'ready', value, isOld: false })
        if (everyMs > 0) again(everyMs)
      } catch (error) {
        if (stop.signal.aborted) return
        if (error instanceof Problem) {
          set({ state: 'failed', problem: error })
          if (error.status >= 500 || error.status === 429) again(retryMs)
          return
        }
        awaySince.value ??= nowMs()
        again(retryMs)
      }
    }
    void run()
    return () => {
      stop.abort()
      clearTimeout(timer)
    }
  }, [path, everyMs, refresh])
  if (answer.path === path) return answer.of
  const held = path === null ? undefined : (kept.get(path) as Value | undefined)
  return held === undefined ? { state: 'loading' } : { state: 'ready', value: held, isOld: true }
}

/** Returns a path with a query. Parameters that are null, undefined or empty are left out. */
export function pathOf(path: string, parameters: Record<string, string | number | null | undefined> = {}): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters))
    if (value !== null && value !== undefined && value !== '') query.set(name, String(value))
  const text = query.toString()
  return text === '' ? path : `${path}?${text}`
}
