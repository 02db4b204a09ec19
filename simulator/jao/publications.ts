import { type DueTime, firstPublicationMs, MORNING, republicationDelayMs } from './calendar.ts'
import { type JaoDataset, maxExchanges, rowStarts } from './dataset.ts'

/** What happens to the content of a day. `salt` tells one command's redrawn values from another's. */
export type Edit =
  | {
      readonly verb: 'revise'
      readonly hourMs?: number
      readonly key?: string
      readonly value?: number | null
      readonly salt: number
    }
  | { readonly verb: 'redraw' }
  | { readonly verb: 'vanishHour'; readonly hourMs: number }
  | { readonly verb: 'vanishKey'; readonly key: string }
  | { readonly verb: 'addKey'; readonly key: string }

/** What happens to the moment of a day's first publication. */
type Move = { readonly verb: 'publishNow' } | { readonly verb: 'delay'; readonly minutes: number }

/**
 * One accepted command: what upstream does to a business day of a dataset at an instant of the simulator's clock.
 * Without a dataset it is core.maxExchanges.
 */
export type Command = {
  readonly dataset?: string
  readonly day: string
  readonly atMs: number
  readonly what: Edit | Move
}

/**
 * One publication of one day: the whole day is published again each time. `draws` counts the random re-publications
 * up to and with this one (the `revision` of `valueMw`); `edits` are all edits up to and with this one, in order.
 */
export type Publication = {
  readonly day: string
  readonly revision: number
  readonly publishedAtMs: number
  readonly cause: 'first' | 'natural' | 'command'
  readonly draws: number
  readonly edits: readonly Edit[]
}

/**
 * Everything upstream publishes of a day, ascending in time, what is still to come included. Pure.
 *
 * Edits commanded before the first publication are part of it; each later one is a publication of its own. The moment
 * of the first is moved by `publishNow` and `delay`, and the natural re-publication keeps its distance to it.
 *
 * @param commands the day's commands of the dataset, in the order they were given
 * @param due when the dataset is published first
 */
export function publicationsOf(
  seed: number,
  day: string,
  commands: readonly Command[],
  due = MORNING,
): [Publication, ...Publication[]] {
  const firstMs = firstMoment(seed, day, commands, due)
  const again = republicationDelayMs(seed, day)
  const steps: Step[] =
    again === undefined ? [] : [{ atMs: firstMs + again, cause: 'natural', edit: { verb: 'redraw' } }]
  const before: Edit[] = []
  for (const { atMs, what } of commands) {
    if (!isEdit(what)) continue
    if (atMs < firstMs) before.push(what)
    else steps.push({ atMs, cause: 'command', edit: what })
  }
  steps.sort((one, other) => one.atMs - other.atMs)
  const first: Publication = { day, revision: 0, publishedAtMs: firstMs, cause: 'first', draws: 0, edits: before }
  const all: [Publication, ...Publication[]] = [first]
  for (const step of steps) all.push(follow(all.at(-1) ?? first, step))
  return all
}

/** The publication that is in force at an instant; undefined when the day is not out yet. */
export function inForce(publications: readonly Publication[], atMs: number): Publication | undefined {
  return publications.findLast((publication) => publication.publishedAtMs <= atMs)
}

/** How many rows upstream inserts for a publication: one a period, less the vanished ones. */
export function rowCount({ day, edits }: Publication, dataset: JaoDataset = maxExchanges): number {
  const gone = new Set(edits.flatMap((edit) => (edit.verb === 'vanishHour' ? [edit.hourMs] : [])))
  return rowStarts(dataset, day).length - gone.size
}

type Step = { readonly atMs: number; readonly cause: 'natural' | 'command'; readonly edit: Edit }

function firstMoment(seed: number, day: string, commands: readonly Command[], due: DueTime): number {
  let firstMs = firstPublicationMs(seed, day, due)
  for (const { atMs, what } of commands) {
    if (atMs >= firstMs) continue
    if (what.verb === 'publishNow') firstMs = atMs
    if (what.verb === 'delay') firstMs += what.minutes * 60_000
  }
  return firstMs
}

function isEdit(what: Edit | Move): what is Edit {
  return what.verb !== 'publishNow' && what.verb !== 'delay'
}

function follow(last: Publication, { atMs, cause, edit }: Step): Publication {
  return {
    day: last.day,
    revision: last.revision + 1,
    publishedAtMs: atMs,
    cause,
    draws: last.draws + (edit.verb === 'redraw' ? 1 : 0),
    edits: [...last.edits, edit],
  }
}
