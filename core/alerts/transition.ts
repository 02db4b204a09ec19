import { createHash } from 'node:crypto'
import type { RuleVersion } from './rule.ts'

/** What a rule looked at when it judged a point. */
export interface PointFacts {
  /** Event time of the point, ms UTC. */
  atMs: number
  value: number | null
  /** What the threshold is compared with: the value itself, or its ratio, difference or percentage. Null: undefined. */
  compared: number | null
  /** The figure of the window, or the other value. Null: there is none. */
  reference: number | null
  /** How many samples the window has, and how many steps. Null: the rule has no window. */
  samples: number | null
  expected: number | null
  knownMs: number
  raw: { partition: number; offset: number }
}

/**
 * - `firing`: the rule fires. `endsMs` says until when, if the points after the excursion are known already.
 * - `changed`: an excursion that was told has another end now, by a revision.
 * - `resolved`: the condition no longer holds.
 * - `cancelled`: a revision took back what made the rule fire.
 * - `happened`: a revision, or what became of a window. It has no end.
 * - `unknown`, `known`: data is missing, and there again.
 */
export type TransitionKind = 'firing' | 'changed' | 'resolved' | 'cancelled' | 'happened' | 'unknown' | 'known'

export interface Transition {
  id: string
  kind: TransitionKind
  rule: RuleVersion
  dataset: string
  /** Empty if the transition is about all series of a dataset that the rule selects. */
  key: string
  /** Event time at which the excursion began, ms UTC. */
  onsetMs: number
  /** Event time of the first point after the excursion. Null: it goes on, as far as is known. */
  endsMs: number | null
  /** The id of the firing that this one follows. Null: it follows none. */
  firingId: string | null
  facts: PointFacts
  /** Why, in words, where the numbers do not say it. */
  detail: string | null
}

/** The facts of a transition that no point decided, but for its times. */
export const noFacts = {
  ...{ value: null, compared: null, reference: null, samples: null, expected: null },
  raw: { partition: -1, offset: -1 },
}

export const withId = (transition: Omit<Transition, 'id'>): Transition => ({
  id: transitionId(transition),
  ...transition,
})

/**
 * Returns the id of a transition. It is the id of the message, too: whoever computes the transition again after a crash
 * gets the same one. A revision that becomes known later makes another transition, so the id has that instant. Which point
 * ends what is unknown depends on the order in which partitions are read, and it ends once: that id has no instant.
 */
function transitionId(transition: Omit<Transition, 'id'>): string {
  const { rule, dataset, key, kind, onsetMs, endsMs, firingId, facts } = transition
  const instants = kind === 'known' ? [firingId] : [onsetMs, endsMs, facts.atMs, facts.knownMs]
  return idOf([rule.rule.id, rule.version, dataset, key, kind, ...instants])
}

/** Returns the id of what these parts name: the same parts have the same id, whoever asks. */
export const idOf = (parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
