// Histories that old code told and new code reads again: answers of two windows by two corridors, letters that were sent
// again out of order, raw records that are gone.
import fc from 'fast-check'

export const windowStarts = [Date.parse('2024-12-31T22:00:00Z'), Date.parse('2025-06-01T22:00:00Z')]
const firstKnownAt = Date.parse('2024-12-31T23:59:59.990Z')

type Values = Record<string, (number | null)[]>
/** What an explode makes of an answer; undefined: it refuses it. An answer without values was confirmed empty. */
export interface Reading {
  stepS: number
  values: Values
}
/** A raw record, its offset the place in the list. */
export interface Raw {
  window: number
  /** Both corridors name the same points: their answers do not replace each other. */
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
    // What the raised version does, and whether the old one refused the answer.
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
  /** Raw records before it are gone. */
  firstOffset: number
}

/** Answers as they came, each known later than the one before; letters of some were sent again behind later ones. */
export const history: fc.Arbitrary<History> = fc.record({
  raws: fc.array(answer, { minLength: 1, maxLength: 7 }).map((answers) => {
    const raws: Raw[] = []
    const letters: { at: number; raw: Raw }[] = []
    answers.forEach(({ requeueAfter, reading, ...answer }, i) => {
      const raw = { ...answer, knownAt: firstKnownAt + 3 * i }
      raws.push(raw)
      // The same bytes at another position, known when they were: the repaired old code took them.
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
/** Its first record is gone; a letter was sent again behind a later answer, which is refused now; two corridors name `a`. */
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
/** New code knows `a` by another name, and refuses what withdrew it, and what withdrew that. */
export const renamedThenRefused: History = {
  raws: [one(0, { a: [10] }, { c: [10] }, 0, 1), one(3, { b: [1] }, undefined, 0, 1), one(6, {}, undefined, 0, 1)],
  firstOffset: 0,
}
