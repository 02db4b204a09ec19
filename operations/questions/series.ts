import { type CatalogueEntry, catalogueEntries } from '#catalogue/entry.ts'
import { sources } from '#sources/index.ts'
import type { ListQuestion } from './page.ts'
import { withZoneCodes } from './zone-names.ts'

/**
 * Returns the list of stored series that have all words of `text`, in any case, parts of words too. A word may stand in the
 * key, in a label or in the declaration of the dataset. Those come first of which the name has the words whole, then those
 * that have them in the order of `text`, then short keys. Column `rank`: the best have 0.
 */
export function seriesList(text: string, dataset: string | undefined): ListQuestion {
  const entries = catalogueEntries(sources)
  const words = seriesWords(text)
  const conditions = words.map((word, index) => {
    const names = entries.filter((entry) => mentions(entry, word)).map(({ dataset: name }) => name)
    return { index, word, names }
  })
  const where = [
    ...(dataset === undefined ? [] : ['dataset = {dataset:String}']),
    ...conditions.map(({ index }) => `(${inKey(index)} OR dataset IN {names${index}:Array(String)})`),
  ]
  return {
    sql: `SELECT toString(dataset) AS dataset, toString(key) AS key, labels, unit, step_s, ${rank(words)} AS rank
      FROM tidemark.series FINAL
      ${where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`}`,
    parameters: Object.assign(
      dataset === undefined ? {} : { dataset },
      ...conditions.map(({ index, word, names }) => ({ [`word${index}`]: word, [`names${index}`]: names })),
    ),
    order: [{ column: 'rank', type: 'UInt32' }, ...['dataset', 'key'].map((column) => ({ column, type: 'String' }))],
    isDescending: false,
    nested: ['labels'],
  }
}

/** SQL: 0 without words. The words are parameters `word<n>`. */
function rank(words: readonly string[]): string {
  if (words.length === 0) return 'toUInt32(0)'
  const asked = `[${words.map((_, index) => `{word${index}:String}`).join(', ')}]`
  const tokens = tokensOf(`concat(toString(dataset), ' ', ${nameText})`)
  const places = `arrayMap(word -> indexOf(${tokens}, word), ${asked})`
  const found = `arrayFilter(place -> place > 0, ${places})`
  const inOrder = `arraySort(${found}) = ${found}`
  return `toUInt32(1000000 * countEqual(${places}, 0) + if(${inOrder}, 0, 100000) + least(length(key), 99999))`
}

/** SQL: the key and the labels of a series, in lower case. */
export const nameText = "lowerUTF8(concat(toString(key), ' ', arrayStringConcat(mapValues(labels), ' ')))"

const tokensOf = (text: string): string => `splitByRegexp('[^\\\\p{L}\\\\p{N}]+', lowerUTF8(${text}))`

/** SQL: the words of which the key and the labels of a series are made, in lower case. */
export const nameTokens = tokensOf(nameText)

/** SQL: the key or a label contains the word of this number, which is the parameter `word<n>`. */
export const inKey = (index: number): string => `positionCaseInsensitiveUTF8(${nameText}, {word${index}:String}) > 0`

/** Returns the words of a search: `AT-BE`, `AT>BE`, `AT→BE` and `border_AT_BE` are several. */
export const partsOf = (text: string): string[] => wordsOf(text.replaceAll(/[_/>→-]+/g, ' '))

/** Returns the words of a search for series, with codes of zones in place of names of countries. */
export const seriesWords = (text: string): string[] => partsOf(withZoneCodes(text))

export const wordsOf = (text: string): string[] =>
  text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')

/** Returns true if any text of the declaration contains the word, which must be in lower case. Pure. */
export function mentions(entry: CatalogueEntry, word: string): boolean {
  const texts = Object.entries(entry).flatMap(([, value]) => {
    if (typeof value === 'object' && value !== null) return Object.entries(value).flat()
    return [value]
  })
  return texts.some((text) => typeof text === 'string' && text.toLowerCase().includes(word))
}
