// What a test of a rule says, as episodes. All functions are pure.
import type { TestedTransition } from './records.ts'

export interface Episode {
  id: string
  dataset: string
  key: string
  /** ms UTC. */
  fromMs: number
  /** null: it goes on, as far as is known. What merely happened ends where it begins. */
  toMs: number | null
  value: number | null
  compared: number | null
  /** Whether a revision took back what made the rule fire. */
  isTakenBack: boolean
}

/** Joins what was told of each episode, in the order in which it was told. */
export function episodesOf(transitions: readonly TestedTransition[]): Episode[] {
  const episodes = new Map<string, Episode>()
  for (const { id, kind, dataset, key, onsetAt, endsAt, firingId, value, compared } of transitions) {
    const fromMs = Date.parse(onsetAt)
    const toMs = endsAt === null ? null : Date.parse(endsAt)
    const begun = episodes.get(firingId ?? '')
    if (kind === 'firing' || kind === 'happened')
      episodes.set(id, {
        ...{ id, dataset, key, fromMs, value, compared, isTakenBack: false },
        toMs: kind === 'happened' ? fromMs : toMs,
      })
    else if (begun !== undefined && kind === 'cancelled') begun.isTakenBack = true
    else if (begun !== undefined && (kind === 'resolved' || kind === 'changed')) begun.toMs = toMs
  }
  return [...episodes.values()]
}

export interface Lengths {
  /** How long they lasted together, and the longest of them, ms. One that goes on lasted up to the end of the test. */
  total: number
  longest: number
  /** How many go on, as far as is known. */
  open: number
  /** How many begin at the end of the test or later. */
  ahead: number
}

export function lengthsOf(episodes: readonly Episode[], endMs: number): Lengths {
  const lengths = episodes.map(({ fromMs, toMs }) => Math.max(0, (toMs ?? endMs) - fromMs))
  return {
    total: lengths.reduce((sum, each) => sum + each, 0),
    longest: Math.max(0, ...lengths),
    open: episodes.filter(({ toMs, isTakenBack }) => toMs === null && !isTakenBack).length,
    ahead: episodes.filter(({ fromMs }) => fromMs >= endMs).length,
  }
}

/** Says how often a rule would have alerted, and for how long: `3 times, 5 h in all, 3 h at most; 1 goes on`. */
export function begunText(begun: number, { total, longest, open }: Lengths): string {
  const times = begun === 1 ? 'once' : `${begun} times`
  // What merely happened has no length, and neither has what goes on and lies ahead.
  const lengths = total === 0 ? '' : `, ${lengthText(total)} in all, ${lengthText(longest)} at most`
  const goOn = begun === 1 ? 'it goes on' : open === 1 ? '1 goes on' : `${open} go on`
  return `${times}${lengths}${open === 0 ? '' : `; ${goOn}`}`
}

/** A length of time in its two largest units: 40 s, 5 min, 2 h 5 min, 3 d 4 h. */
export function lengthText(ms: number): string {
  const seconds = Math.round(ms / 1_000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const [hours, days] = [Math.floor(minutes / 60), Math.floor(minutes / 1_440)]
  const two = days > 0 ? [`${days} d`, `${hours % 24} h`] : [`${hours} h`, `${minutes % 60} min`]
  return two.filter((part) => !part.startsWith('0 ')).join(' ')
}
