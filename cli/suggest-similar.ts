/** The names most like a given one, the most alike first: by the pairs of letters that they share, in any case. Pure. */
export function suggestSimilar(name: string, names: readonly string[], most: number): string[] {
  const wanted = pairsOf(name)
  const alike = new Map(names.map((other) => [other, likeness(wanted, pairsOf(other))]))
  return names.toSorted((one, other) => (alike.get(other) ?? 0) - (alike.get(one) ?? 0)).slice(0, most)
}

/** Names are shorter; what is much longer need not be compared to the end. */
const comparedLetters = 200

function pairsOf(name: string): Set<string> {
  const letters = name.toLowerCase().slice(0, comparedLetters)
  return new Set(Array.from(letters, (_, at) => letters.slice(at, at + 2)))
}

/** 1: the same pairs; 0: none in common. */
const likeness = (one: Set<string>, other: Set<string>): number =>
  (2 * one.intersection(other).size) / Math.max(1, one.size + other.size)
