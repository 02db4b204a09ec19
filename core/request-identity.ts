import { createHash } from 'node:crypto'
import type { Window } from './business-day.ts'

/**
 * Returns the request identity: dataset, selector and UTC bounds of the window. For a tick, `window` is null. Examples:
 * `jao.core.maxExchanges/2026-04-19T22:00:00Z/2026-04-20T22:00:00Z`, `kraken.ticker/XBTUSD`. The identity is the record
 * key on several topics, such as raw and polls.
 */
export function requestIdentity(dataset: string, window: Window | null, selector: string | null = null): string {
  const times = window === null ? [] : [secondsText(window.startMs), secondsText(window.endMs)]
  return [dataset, ...(selector === null ? [] : [selector]), ...times].join('/')
}

/** Returns the first 53 bits of the identity's SHA-256, at least 1. JSON numbers hold 53 bits exactly. */
export function identityNumber(identity: string): number {
  const digest = createHash('sha256').update(identity).digest()
  return Math.max(1, digest.readUInt32BE(0) * 2 ** 21 + (digest.readUInt32BE(4) >>> 11))
}

/** Returns the selector in a request identity. Null if the identity has no selector, or is not of `dataset`. */
export function selectorOf(identity: string, dataset: string): string | null {
  if (!identity.startsWith(`${dataset}/`)) return null
  const rest = identity.slice(dataset.length + 1).replace(timesAtEnd, '')
  return rest === '' ? null : rest
}

/** Returns the window in a request identity. Null if the identity names none, as that of a tick. */
export function windowOf(identity: string): Window | null {
  const [start = '', end = ''] = timesAtEnd.exec(identity)?.[0].replace(/^\//, '').split('/') ?? []
  const [startMs, endMs] = [Date.parse(start), Date.parse(end)]
  return Number.isNaN(startMs) || Number.isNaN(endMs) ? null : { startMs, endMs }
}

export const pageSelector = (skip: number): string => `rows-${skip}`

export const isPage = (selector: string | null): boolean => selector !== null && /^rows-\d+$/.test(selector)

const timesAtEnd = /(?:^|\/)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

function secondsText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
