import type { Kafka } from '#platform/kafka/client.ts'
import { Problem } from '#platform/process/problem.ts'
import type { Letter } from './letter.ts'
import { readLetters } from './read-letters.ts'
import { isEverything, isMeant, type Selection, topicsOf } from './selection.ts'

/** What a command that changes something is about. */
export interface Meant {
  /** Open ones, and those that were named. */
  letters: Letter[]
  /** Ids that were named and that no letter has. */
  unknown: string[]
}

/** Reads the letters that are meant. @throws Problem when that is every letter and nobody said so */
export async function readMeant(kafka: Kafka, selection: Selection, everything: boolean | undefined): Promise<Meant> {
  if (isEverything(selection) && !everything) {
    throw new Problem(
      'That means every open letter: name ids or filters, or say --everything. --dry-run shows what it does.',
    )
  }
  const letters = await readLetters(kafka, topicsOf(selection))
  const all = new Set(letters.map(({ id }) => id))
  return {
    letters: letters.filter(
      (letter) => (selection.ids.length > 0 || letter.decision === undefined) && isMeant(letter, selection),
    ),
    unknown: selection.ids.filter((id) => !all.has(id)),
  }
}
