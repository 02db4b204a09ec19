import { type DueTime, firstPublicationMs, MORNING, republicationDelayMs } from './calendar.ts'
import { type JaoDataset, maxExchanges, rowStarts } from './dataset.ts'

/** A change of a day's values. With different `salt`, two commands produce different values. */
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

type Move = { readonly verb: 'publishNow' } | { readonly verb: 'delay'; readonly minutes: number }

export type Command = {
  readonly dataset?: string
  readonly day: string
  readonly atMs: number
  readonly what: Edit | Move
}

/** A publication of a whole day. `draws` counts the random re-publications so far. `edits` are all changes so far. */
export type Publication = {
  readonly day: string
  readonly revision: number
  readonly publishedAtMs: number
  readonly cause: 'first' | 'natural' | 'command'
  readonly draws: number
  readonly edits: readonly Edit[]
}

/** Returns a day's publications, also future ones. Each change after the first makes another publication. */
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

/** Returns the newest publication at `atMs`. Undefined if the day is not published yet. */
export function inForce(publications: readonly Publication[], atMs: number): Publication | undefined {
  return publications.findLast((publication) => publication.publishedAtMs <= atMs)
}

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
