import type { Window } from '../source.ts'

const utcPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.0{1,7})?Z$/

/** Milliseconds of a UTC time text, undefined where it is none (an impossible date included). */
export const utcMs = (text: string): number | undefined => (utcPattern.test(text) ? secondMs(text) : undefined)

// 2026-04-20T07:24:01.43: UTC without saying so, with whatever fraction digits are no zeros.
const modifiedPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z?$/

/** Milliseconds of JAO's lastModifiedOn, whole ones; undefined where it cannot be read. */
export function modifiedMs(value: unknown): number | undefined {
  if (typeof value !== 'string' || !modifiedPattern.test(value)) return undefined
  const ms = secondMs(value)
  return ms === undefined ? undefined : ms + Number(value.slice(20).replace('Z', '').padEnd(3, '0').slice(0, 3))
}

function secondMs(text: string): number | undefined {
  const ms = Date.parse(`${text.slice(0, 19)}Z`)
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 19) !== text.slice(0, 19) ? undefined : ms
}

export const iso = (ms: number): string => new Date(ms).toISOString()

export const showWindow = (window: Window): string => `${iso(window.startMs)} to ${iso(window.endMs)}`
