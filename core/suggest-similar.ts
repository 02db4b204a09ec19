/** Returns up to `most` names, sorted by their share of letter pairs in common with `name`. Ignores case. Pure. */
export function suggestSimilar(name: string, names: readonly string[], most: number): string[] {
  const wanted = pairsOf(name)
  const alike = new Map(names.map((other) => [other, likeness(wanted, pairsOf(other))]))
  return names.toSorted((one, other) => (alike.get(other) ?? 0) - (alike.get(one) ?? 0)).slice(0, most)
}

const comparedLetters = 200

function pairsOf(name: string): Set<string> {
  const letters = name.toLowerCase().slice(0, comparedLetters)
  return new Set(Array.from(letters, (_, at) => letters.slice(at, at + 2)))
}

/** Returns the Dice coefficient of two sets: 0 without common elements, 1 if equal. */
const likeness = (one: Set<string>, other: Set<string>): number =>
  (2 * one.intersection(other).size) / Math.max(1, one.size + other.size)
