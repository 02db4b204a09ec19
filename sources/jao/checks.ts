import { type ColumnPair, isAbove, pairCheck } from '../answers/checks.ts'
import type { Check, Columns } from '../source.ts'

/** Tolerance of a row's sum, which should be 0. Values have one decimal, so a wrong sum is off by at least 0.1. */
const roundingMw = 0.05

/** Old rows have nulls for hubs that did not exist yet, so a sum leaves nulls out. */
export const sumNotZero: Check = {
  flag: 'sum-not-zero',
  text: 'The values of all hubs at one time do not add up to 0.',
  find: (columns, mark) => {
    const [first = []] = columns.values()
    const sums = new Array<number>(first.length).fill(0)
    for (const values of columns.values()) {
      for (let row = 0; row < sums.length; row++) sums[row] = (sums[row] as number) + (values[row] ?? 0)
    }
    sums.forEach((sum, row) => {
      if (Math.abs(sum) < roundingMw) return
      for (const [key, values] of columns) if (values[row] !== null) mark(key, row)
    })
  },
}

export const minAboveMax = pairCheck(
  'min-above-max',
  'The minimum net position of a hub is above its maximum at the same time.',
  boundsIn,
  isAbove,
)

export const bothDirections = pairCheck(
  'both-directions',
  'An exchange above 0 is scheduled in both directions of a border at the same time.',
  oppositesIn,
  (there, back) => there > 0 && back > 0,
)

/** Yields min<hub> and max<hub>, or min_<hub> and max_<hub>. */
function* boundsIn(columns: Columns): Generator<ColumnPair> {
  for (const key of columns.keys()) if (key.startsWith('min')) yield [key, `max${key.slice('min'.length)}`]
}

const prefix = 'border_'

/**
 * Yields each border_AT_BE with border_BE_AT, once. Hub names may contain underscores, so a key is cut at each of its
 * underscores, and the key that exists is the opposite. So hubs that no list names yet are compared, too.
 */
function* oppositesIn(columns: Columns): Generator<ColumnPair> {
  for (const key of columns.keys()) {
    for (let at = key.indexOf('_', prefix.length); at >= 0; at = key.indexOf('_', at + 1)) {
      const opposite = `${prefix}${key.slice(at + 1)}_${key.slice(prefix.length, at)}`
      if (key < opposite && columns.has(opposite)) yield [key, opposite]
    }
  }
}
