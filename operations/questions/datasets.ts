// Finds datasets by words of their declaration and of the names of their stored series.
import type { CatalogueEntry } from '#catalogue/entry.ts'
import type { Question } from '#platform/clickhouse/stream-rows.ts'
import { mentions, nameText, nameTokens } from './series.ts'

/** Which words of a search the names of a dataset's stored series have. */
export interface NamedWords {
  dataset: string
  /** Words that are a part of a key or a label. */
  part: string[]
  /** Words that are whole parts of the name of one series, as AT and DE of `border_AT_DE`: a list for each such series. */
  whole: string[][]
}

/** SQL of `NamedWords`. `words` are in lower case. */
export const namedWordsQuestion = (words: readonly string[]): Question => ({
  sql: `SELECT toString(dataset) AS dataset,
      groupUniqArrayArray(arrayFilter(word -> position(${nameText}, word) > 0, {words:Array(String)})) AS part,
      groupUniqArray(arrayFilter(word -> has(${nameTokens}, word), {words:Array(String)})) AS whole
    FROM tidemark.series FINAL GROUP BY dataset`,
  parameters: { words: [...words] },
})

/**
 * Returns the entries that have all words: in the declaration, or in keys and labels of their series. Those come first of
 * which one series has all words that are zones, or other whole parts of the name of any series; the order of zones does not
 * matter. Otherwise the order stays. Pure.
 */
export function matchingEntries(
  entries: readonly CatalogueEntry[],
  words: readonly string[],
  named: readonly NamedWords[],
): CatalogueEntry[] {
  const ofDataset = new Map(named.map((each) => [each.dataset, each]))
  const found = entries.filter((entry) =>
    words.every((word) => mentions(entry, word) || ofDataset.get(entry.dataset)?.part.includes(word)),
  )
  const zones = words.filter((word) => named.some(({ whole }) => whole.some((list) => list.includes(word))))
  const hasZones = ({ dataset }: CatalogueEntry): boolean =>
    ofDataset.get(dataset)?.whole.some((list) => zones.every((zone) => list.includes(zone))) ?? false
  return zones.length === 0 ? found : found.toSorted((one, other) => Number(hasZones(other)) - Number(hasZones(one)))
}
