import type { JaoDataset } from './dataset.ts'
import { type Command, inForce, type Publication, publicationsOf } from './publications.ts'

export type Timeline = {
  publications(day: string): [Publication, ...Publication[]]
  inForce(day: string, atMs: number): Publication | undefined
  /** Adds a command that dayCommand in commands.ts has checked. */
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
