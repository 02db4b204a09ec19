import type { Border } from './borders.ts'
import { mix, mixFraction } from './hash.ts'

const HOUR_MS = 3_600_000
const DAY_HOURS = 24
const CHANGED_SHARE = 0.1

/**
 * The capacity of a border in one hour, in whole MW within the border's range.
 *
 * A pure function of (seed, key, hour, revision). Revision 0 is the first publication; each later one changes about a
 * tenth of the points, and a changed point always differs from the one before it. The shape follows the recorded days:
 * a daily wave of each border's own phase, a level that moves from day to day, and a step from hour to hour of about
 * an eighth of the range (0.12 in the recording), so that figures on stored bytes are not flattered by smooth numbers.
 *
 * @param hourMs start of the hour, ms since 1970, UTC
 */
export function valueMw(seed: number, border: Border, hourMs: number, revision: number): number {
  const hour = Math.floor(hourMs / HOUR_MS)
  let value = drawMw(seed, border, hour, 0)
  for (let later = 1; later <= revision; later++) {
    if (isChanged(seed, border, hour, later)) value = otherMw(value, drawMw(seed, border, hour, later), border)
  }
  return value
}

/** A value of the border's range that differs from `valueMw`: what an explicit revision without a value brings. */
export function redrawnMw(seed: number, border: Border, hourMs: number, salt: number, value: number | null): number {
  const drawn = drawMw(seed, border, Math.floor(hourMs / HOUR_MS), 0x10000 + salt)
  return value === null ? drawn : otherMw(value, drawn, border)
}

function isChanged(seed: number, border: Border, hour: number, revision: number): boolean {
  return mixFraction(seed ^ 0x51ed, border.hash, hour, revision) < CHANGED_SHARE
}

/** Wave 0.28, level 0.08 and noise 0.14 on both sides of the middle add up to the whole range and never leave it. */
function drawMw(seed: number, border: Border, hour: number, salt: number): number {
  const phase = mixFraction(seed, border.hash) * DAY_HOURS
  const wave = 0.28 * Math.sin((2 * Math.PI * (hour - phase)) / DAY_HOURS)
  const level = 0.16 * (mixFraction(seed ^ 0x1e7e1, border.hash, Math.floor(hour / DAY_HOURS)) - 0.5)
  const noise = 0.28 * (mix(seed ^ 0x7015e, border.hash, hour, salt) / 0x1_0000_0000 - 0.5)
  return Math.round(border.lowMw + (border.highMw - border.lowMw) * (0.5 + wave + level + noise))
}

function otherMw(valueMw: number, drawnMw: number, border: Border): number {
  if (drawnMw !== valueMw) return drawnMw
  return drawnMw < border.highMw ? drawnMw + 1 : drawnMw - 1
}
