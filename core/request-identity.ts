import { createHash } from 'node:crypto'
import type { Window } from './business-day.ts'

/**
 * The name of what is asked again and again, never twice at once: dataset, subject where it has subjects, and window,
 * UTC to the second; without the window where that is the instant of asking.
 * `jao.core.maxExchanges/2026-04-19T22:00:00Z/2026-04-20T22:00:00Z`, `kraken.ticker/XBTUSD`. The key of raw, polls and
 * poll-requests.
 */
export function requestIdentity(dataset: string, window: Window | null, subject: string | null = null): string {
  const times = window === null ? [] : [secondsText(window.startMs), secondsText(window.endMs)]
  return [dataset, ...(subject === null ? [] : [subject]), ...times].join('/')
}

/** A request identity as a number, as slices and tables carry it: the first 53 bits of its SHA-256, at least 1. */
export function identityNumber(identity: string): number {
  const digest = createHash('sha256').update(identity).digest()
  // 53 bits are what a double, and so JSON and Avro in JavaScript, hold exactly.
  return Math.max(1, digest.readUInt32BE(0) * 2 ** 21 + (digest.readUInt32BE(4) >>> 11))
}

/** The subject in a request identity of `dataset`; null where it names none. */
export function subjectOf(identity: string, dataset: string): string | null {
  if (!identity.startsWith(`${dataset}/`)) return null
  const rest = identity.slice(dataset.length + 1).replace(timesAtEnd, '')
  return rest === '' ? null : rest
}

/** The subject of the page that so many rows stand before. */
export const pageSubject = (skip: number): string => `rows-${skip}`

/** Whether a subject is a page's. */
export const isPage = (subject: string | null): boolean => subject !== null && /^rows-\d+$/.test(subject)

const timesAtEnd = /(?:^|\/)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/

function secondsText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
