import { printable } from '#platform/process/printable.ts'
import { utcText } from '#platform/process/utc-text.ts'
import { aligned } from '../aligned.ts'
import type { Letter } from './letter.ts'

/** Letters that are alike. Times are UTC. */
export interface Group {
  reason: string
  dataset: string | null
  /** The topic that the messages were refused on; null when the letters do not say. */
  topic: string | null
  letters: number
  first: string
  last: string
  /** The newest message of them. */
  example: string
}

/** Letters by reason, dataset and topic; the largest group first. Pure. */
export function groupsOf(letters: readonly Letter[]): Group[] {
  const alike = Map.groupBy(letters, ({ reason, dataset, source }) => JSON.stringify([reason, dataset, source?.topic]))
  return [...alike.values()]
    .map((same) => {
      const byTime = same.toSorted((one, other) => one.atMs - other.atMs)
      const [first, last] = [byTime[0] as Letter, byTime.at(-1) as Letter]
      const { reason, dataset, source, message } = last
      const times = { first: utcText(first.atMs), last: utcText(last.atMs) }
      return { reason, dataset, topic: source?.topic ?? null, letters: same.length, ...times, example: message }
    })
    .toSorted((one, other) => other.letters - one.letters)
}

export function groupsText(groups: readonly Group[]): string {
  if (groups.length === 0) return 'no dead letters\n'
  const head = ['letters', 'reason', 'dataset', 'topic', 'first', 'last', 'for example']
  const lines = groups.map(({ letters, reason, dataset, topic, first, last, example }) =>
    [String(letters), reason, dataset ?? '-', topic ?? '-', first, last, example].map(cell),
  )
  return `${aligned([head, ...lines]).join('\n')}\n`
}

/** One line a letter, oldest first in each topic. */
export function lettersText(letters: readonly Letter[]): string {
  if (letters.length === 0) return 'no dead letters\n'
  const head = ['id', 'time', 'reason', 'attempts', 'key', 'topic', 'state', 'message']
  const lines = letters.map((letter) => {
    const { id, atMs, reason, attempts, key, source, decision, message } = letter
    const state = decision?.decision ?? 'open'
    return [id, utcText(atMs), reason, String(attempts), key ?? '-', source?.topic ?? '-', state, message].map(cell)
  })
  return `${aligned([head, ...lines]).join('\n')}\n`
}

/** What a letter is for programs. */
export const letterJson = ({ atMs, decision, keyBytes: _keyBytes, ...letter }: Letter) => ({
  ...letter,
  time: utcText(atMs),
  decision: decision ? { ...decision, atMs: undefined, time: utcText(decision.atMs) } : null,
})

const longestCell = 120

const cell = (text: string): string => {
  const safe = printable(text)
  return safe.length > longestCell ? `${safe.slice(0, longestCell - 1)}…` : safe
}
