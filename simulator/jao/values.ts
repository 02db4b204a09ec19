import { mix, mixFraction } from '../hash.ts'
import type { Column } from './column.ts'

const HOUR_MS = 3_600_000
const QUARTER_MS = 900_000
const DAY_HOURS = 24
const CHANGED_SHARE = 0.1

/**
 * Returns a column's value in the row that starts at `startMs` (ms UTC). Values follow a daily wave on a level per day.
 * From hour to hour they change by about an eighth of the range, like recorded ones. Each revision changes a tenth of
 * the values. Pure.
 */
export function drawnValue(seed: number, column: Column, startMs: number, revision: number): number | null {
  const slot = slotOf(column, startMs)
  if (column.nullShare !== undefined && mixFraction(seed ^ 0x9011, column.hash, slot) < column.nullShare) return null
  let value = draw(seed, column, slot, 0)
  for (let later = 1; later <= revision; later++) {
    if (isChanged(seed, column, slot, later)) value = other(value, draw(seed, column, slot, later), column)
  }
  return value
}

/** Returns a random value in the column's range that differs from `value`, unless the range has one value only. */
export function redrawnValue(
  seed: number,
  column: Column,
  startMs: number,
  salt: number,
  value: number | null,
): number {
  const drawn = draw(seed, column, slotOf(column, startMs), 0x10000 + salt)
  return value === null ? drawn : other(value, drawn, column)
}

function slotOf({ quarterly }: Column, startMs: number): number {
  return Math.floor(startMs / (quarterly ? QUARTER_MS : HOUR_MS))
}

function isChanged(seed: number, column: Column, slot: number, revision: number): boolean {
  return mixFraction(seed ^ 0x51ed, column.hash, slot, revision) < CHANGED_SHARE
}

/** Returns the middle of the range plus wave (up to 0.28 of the range), level (up to 0.08) and noise (up to 0.14). */
function draw(seed: number, { low, high, hash, scale = 1, quarterly }: Column, slot: number, salt: number): number {
  const hour = quarterly ? slot / 4 : slot
  const phase = mixFraction(seed, hash) * DAY_HOURS
  const wave = 0.28 * Math.sin((2 * Math.PI * (hour - phase)) / DAY_HOURS)
  const level = 0.16 * (mixFraction(seed ^ 0x1e7e1, hash, Math.floor(hour / DAY_HOURS)) - 0.5)
  const noise = 0.28 * (mix(seed ^ 0x7015e, hash, slot, salt) / 0x1_0000_0000 - 0.5)
  return (Math.round((low + (high - low) * (0.5 + wave + level + noise)) * scale) + 0) / scale
}

/** Returns `drawn`, or a neighbour if `drawn` equals `value`. A range of one value has no neighbour. */
function other(value: number, drawn: number, { low, high, scale = 1 }: Column): number {
  if (drawn !== value || low === high) return drawn
  return (Math.round(drawn * scale) + (drawn < high ? 1 : -1)) / scale
}
