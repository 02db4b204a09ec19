// Histories of answers that old code exploded, and that new code explodes again. They have two windows, two corridors,
// dead letters that were requeued out of order, and deleted raw records.
import fc from 'fast-check'

export const windowStarts = [Date.parse('2024-12-31T22:00:00Z'), Date.parse('2025-06-01T22:00:00Z')]
const firstKnownAt = Date.parse('2024-12-31T23:59:59.990Z')

type Values = Record<string, (number | null)[]>
/** What explode makes of an answer. If `values` has no key, the answer is confirmed empty. Refused: no Reading. */
export interface Reading {
  stepS: number
  values: Values
}
/** A raw record. Its offset is its index in the list. */
export interface Raw {
  window: number
  /** The selector. Both corridors have the same points, but an answer of one does not replace answers of the other. */
  corridor: number
  knownAt: number
  old: Reading | undefined
  new: Reading | undefined
}

const value = fc.option(fc.constantFrom(0, 10, 20), { nil: null })
const reading = fc.record({
  stepS: fc.constantFrom(3600, 3600, 1800),
  values: fc.dictionary(fc.constantFrom('a', 'b'), fc.array(value, { minLength: 1, maxLength: 3 })),
})
const renamed = ({ stepS, values }: Reading): Reading => ({
  stepS,
  values: Object.fromEntries(Object.entries(values).map(([key, of]) => [key === 'a' ? 'c' : key, of])),
})
const answer = fc
  .record({
    window: fc.nat({ max: 1 }),
    corridor: fc.constantFrom(0, 0, 1),
    reading,
    other: reading,
    // What new code makes of the answer (`becomes`), and whether old code refused it.
    becomes: fc.constantFrom('same', 'same', 'renamed', 'refused', 'other'),
    wasRefused: fc.constantFrom(false, false, false, true),
    requeueAfter: fc.option(fc.nat({ max: 4 }), { nil: undefined }),
  })
  .map(({ reading, other, becomes, wasRefused, ...answer }) => ({
    ...answer,
    old: wasRefused ? undefined : reading,
    new: { same: reading, renamed: renamed(reading), refused: undefined, other }[becomes],
    reading,
  }))

export interface History {
  raws: Raw[]
  firstOffset: number
}

/** Histories with increasing known_at. Some dead letters are requeued after later answers. */
export const history: fc.Arbitrary<History> = fc.record({
  raws: fc.array(answer, { minLength: 1, maxLength: 7 }).map((answers) => {
    const raws: Raw[] = []
    const letters: { at: number; raw: Raw }[] = []
    answers.forEach(({ requeueAfter, reading, ...answer }, i) => {
      const raw = { ...answer, knownAt: firstKnownAt + 3 * i }
      raws.push(raw)
      // The repaired old code accepted the dead letter: the same bytes and known_at at another offset.
      if (raw.old === undefined && requeueAfter !== undefined)
        letters.push({ at: i + requeueAfter, raw: { ...raw, old: reading } })
      for (const letter of letters.filter(({ at }) => at === i)) raws.push(letter.raw)
    })
    return raws
  }),
  firstOffset: fc.nat({ max: 2 }),
})

const one = (after: number, old: Values | undefined, now: Values | undefined, corridor = 0, window = 0): Raw => {
  const [before, today] = [old, now].map((values) => values && { stepS: 3600, values })
  return { window, corridor, knownAt: firstKnownAt + after, old: before, new: today }
}
/** The 2nd answer is a dead letter, requeued as the 4th. New code refuses the 3rd. Both corridors have the key `a`. */
export const requeued: History = {
  raws: [
    one(0, { a: [10, null] }, { c: [10, null] }),
    one(3, undefined, { a: [30] }),
    one(6, { b: [5] }, undefined),
    one(3, { a: [30] }, { a: [30] }),
    one(9, { a: [8] }, { a: [8] }, 1),
  ],
  firstOffset: 1,
}
/** The 2nd answer withdraws `a`, the 3rd one `b`. New code renames `a` to `c`, and refuses the 2nd and 3rd answer. */
export const renamedThenRefused: History = {
  raws: [one(0, { a: [10] }, { c: [10] }, 0, 1), one(3, { b: [1] }, undefined, 0, 1), one(6, {}, undefined, 0, 1)],
  firstOffset: 0,
}
