/** A generator of repeatable random numbers (mulberry32). */
export interface Random {
  /** Returns a whole number from `low` to `high`, inclusive. */
  between: (low: number, high: number) => number
  pick: <T>(list: readonly T[]) => T
  shuffled: <T>(list: readonly T[]) => T[]
}

export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (low: number, high: number) => low + Math.floor(next() * (high - low + 1))
  return {
    between,
    pick: (list) => {
      const chosen = list[between(0, list.length - 1)]
      if (chosen === undefined) throw new RangeError('nothing to pick from')
      return chosen
    },
    shuffled: (list) => {
      const ranked = list.map((item) => ({ item, rank: next() }))
      return ranked.sort((one, other) => one.rank - other.rank).map(({ item }) => item)
    },
  }
}

/** Returns TIDEMARK_SEED, or a random seed. Tests print it, so that a run can be repeated. */
export const seedOfThisRun = (): number => Number(process.env.TIDEMARK_SEED || Math.floor(Math.random() * 1e9))
