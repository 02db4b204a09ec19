import type { Window } from '../calendar.ts'
import type { SiteProblem } from '../site.ts'
import { quoteJson } from './refusal.ts'
import { instantMs } from './times.ts'

/** Makes a problem. The message may quote the client, so control characters become `�`. */
export const problem = (message: string): SiteProblem => ({
  status: 400,
  message: message.replace(/\p{Cc}/gu, '\ufffd'),
})

export const isProblem = (value: object): value is SiteProblem => 'message' in value

/** Values by the names in `known`. Names ignore case. */
export type Parameters = ReadonlyMap<string, string>

/** Returns a problem for a parameter that is not in `known`, or that is given twice. */
export function readParameters(query: URLSearchParams, known: readonly string[]): Parameters | SiteProblem {
  const given = new Map<string, string>()
  for (const [name, value] of query) {
    const parameter = known.find((each) => each.toLowerCase() === name.toLowerCase())
    if (parameter === undefined) {
      const all = known.length === 0 ? 'this path has no parameters' : `only ${known.join(', ')} can be applied`
      return problem(`The parameter ${quoteJson(name)} cannot be applied to stored answers: ${all}.`)
    }
    if (given.has(parameter)) return problem(`The parameter ${parameter} is given twice: give it once.`)
    given.set(parameter, value)
  }
  return given
}

const timeOfClient = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(:\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/i

/**
 * Parses a time as clients write it to ms UTC: 2026-04-20, 2026-04-20T22:00, 2026-04-20T22:00:00.000000Z or +02:00.
 * Without an offset it is UTC. Returns undefined for anything else.
 */
export function clientTimeMs(text: string): number | undefined {
  const [, date, minutes = '00:00', seconds = ':00', offset = 'Z'] = timeOfClient.exec(text) ?? []
  return date === undefined ? undefined : instantMs(`${date}T${minutes}${seconds}${offset}`)
}

/** Reads the first and the last time of a request. `example`: how times are written, for the problem. */
export function readTimes(
  given: Parameters,
  names: readonly [string, string],
  parse: (text: string) => number | undefined,
  example: string,
): [startMs: number, endMs: number] | SiteProblem {
  const times: number[] = []
  for (const name of names) {
    const text = given.get(name)
    if (text === undefined) return problem(`The parameter ${name} is missing: give both ${names.join(' and ')}.`)
    const ms = parse(text)
    if (ms === undefined) return problem(`${name}=${quoteJson(text)} is not ${example}.`)
    times.push(ms)
  }
  return times as [number, number]
}

export const isSameWindow = (one: Window, other: Window): boolean =>
  one.startMs === other.startMs && one.endMs === other.endMs

/** Returns the times that are in both. Its end is not after its start if there are none. */
export const overlapOf = (one: Window, other: Window): Window => ({
  startMs: Math.max(one.startMs, other.startMs),
  endMs: Math.min(one.endMs, other.endMs),
})
