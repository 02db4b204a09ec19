import type { Window } from './business-day.ts'

/**
 * The name of what is asked again and again, never twice at once: dataset and window, UTC to the second.
 * `jao.core.maxExchanges/2026-04-19T22:00:00Z/2026-04-20T22:00:00Z`. The key of raw, polls and poll-requests.
 */
export function requestIdentity(dataset: string, window: Window): string {
  return `${dataset}/${secondsText(window.startMs)}/${secondsText(window.endMs)}`
}

function secondsText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
