import type { JaoDataset } from './dataset.ts'
import { type Command, inForce, type Publication, publicationsOf } from './publications.ts'

/** What was published of a dataset, and when: a function of the seed and of the commands given so far. */
export type Timeline = {
  /** All publications of a day, those to come included. */
  publications(day: string): [Publication, ...Publication[]]
  /** The one in force at an instant; undefined before the first. */
  inForce(day: string, atMs: number): Publication | undefined
  /** Accepts a command that was checked before (`refusal` in commands.ts). */
  command(command: Command): void
  commands(): readonly Command[]
  commandedDays(): Iterable<string>
}

export function createTimeline(seed: number, { due }: Pick<JaoDataset, 'due'>): Timeline {
  const accepted: Command[] = []
  const byDay = new Map<string, Command[]>()
  const publications = (day: string) => publicationsOf(seed, day, byDay.get(day) ?? [], due)
  return {
    publications,
    inForce: (day, atMs) => inForce(publications(day), atMs),
    command(given) {
      accepted.push(given)
      byDay.set(given.day, [...(byDay.get(given.day) ?? []), given])
    },
    commands: () => accepted,
    commandedDays: () => byDay.keys(),
  }
}
