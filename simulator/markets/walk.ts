import { mix } from '../hash.ts'

/** A random walk has a random level every 2^20 s (12 days), so that it wanders but does not drift away. */
const LEVELS = 20
const SPAN_S = 2 ** LEVELS
const PINNED = 0.6 * Math.sqrt(SPAN_S)

/** Returns the walk at `atS` s, in standard deviations of its change in one second: a Brownian bridge (Lévy). */
export function walk(seed: number, hash: number, atS: number): number {
  const span = Math.floor(atS / SPAN_S)
  const along = atS / SPAN_S - span
  let place = PINNED * ((1 - along) * normal(seed, hash, LEVELS, span) + along * normal(seed, hash, LEVELS, span + 1))
  for (let level = LEVELS; level > 0; level--) {
    const lengthS = 2 ** level
    const interval = Math.floor(atS / lengthS)
    const inside = atS / lengthS - interval
    const tent = 1 - Math.abs(2 * inside - 1)
    if (tent > 0) place += 0.5 * Math.sqrt(lengthS) * tent * normal(seed ^ 0x3a1c, hash, level, interval)
  }
  return place
}

/** Returns an approximately normal random number: the sum of three uniform ones. */
function normal(a: number, b: number, c: number, d: number): number {
  const bits = mix(a, b, c, d)
  return (((bits & 1023) + ((bits >>> 10) & 1023) + ((bits >>> 20) & 1023)) / 1023 - 1.5) * 2
}
