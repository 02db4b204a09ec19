import { printable } from '#platform/process/printable.ts'
import type { Letter } from './letter.ts'
import type { Staying } from './plan.ts'

/** What a command did with letters, or would do. */
export interface Outcome {
  /** requeued or dropped. */
  verb: 'requeued' | 'dropped'
  dryRun: boolean
  done: readonly Letter[]
  stay: readonly Staying[]
  /** Ids that were named and that no letter has. */
  unknown: readonly string[]
  /** Whether the dataset that was to be released is parked; null: the normalizer does not answer. */
  parked?: boolean | null
  /** The new letters of those that were sent back and refused once more; null: they have not been handled yet. */
  refusedAgain?: readonly Letter[] | null
}

/** Prints an outcome; the exit code is 1 when something that was meant stays. */
export function tell(outcome: Outcome, json: boolean | undefined): void {
  process.stdout.write(json ? `${JSON.stringify(outcomeJson(outcome))}\n` : outcomeText(outcome))
  if (outcome.stay.length + outcome.unknown.length + (outcome.refusedAgain?.length ?? 0) > 0) process.exitCode = 1
}

const outcomeJson = ({ verb, dryRun, done, stay, unknown, parked, refusedAgain }: Outcome) => ({
  dryRun,
  ...(parked !== undefined && { parked }),
  ...(refusedAgain !== undefined && {
    refusedAgain:
      refusedAgain?.map(({ id, returnOf, reason, message }) => ({ id, of: returnOf, reason, message })) ?? null,
  }),
  [verb]: done.map(({ id }) => id),
  stay: [
    ...stay.map(({ letter, why }) => ({ id: letter.id, why })),
    ...unknown.map((id) => ({ id, why: 'there is no such letter' })),
  ],
})

/** The outcome for people: a line for each reason and topic, a line for each letter that stays. */
export function outcomeText({ verb, dryRun, done, stay, unknown, refusedAgain }: Outcome): string {
  const alike = Map.groupBy(done, ({ reason, source }) => `${reason} on ${source?.topic ?? 'no topic'}`)
  const counts = [...alike].map(([name, letters]) => `  ${letters.length} ${name}`)
  const lines = [
    `${done.length === 1 ? '1 letter' : `${done.length} letters`} ${dryRun ? 'would be ' : ''}${verb}`,
    ...counts,
    ...comebackLines(refusedAgain),
    ...stay.map(({ letter, why }) => `${letter.id} stays: ${why}`),
    ...unknown.map((id) => `${id}: there is no such letter`),
  ]
  return `${lines.map(printable).join('\n')}\n`
}

const shownComebacks = 5

function comebackLines(letters: Outcome['refusedAgain']): string[] {
  if (letters === null)
    return ['they are not handled yet: `npx tidemark dlq list` shows later which were refused again']
  const [first] = letters ?? []
  if (letters === undefined || first === undefined) return []
  return [
    `${letters.length} refused again, ${letters.length === 1 ? 'as a new letter' : 'as new letters'}:`,
    ...letters.slice(0, shownComebacks).map(({ id, reason, message }) => `  ${id} ${reason}: ${message}`),
    ...(letters.length > shownComebacks ? [`  and ${letters.length - shownComebacks} more`] : []),
    `\`npx tidemark dlq show ${first.id}\` shows what was refused and why`,
  ]
}
