// What becomes of windows: rules about windows, and rules whose points do not come.
import type { CompletenessChange } from '#schemas/generated/records.ts'
import type { EngineOutcome, ToldState } from './engine.ts'
import { durationMs, isOfWindows, matches, type RuleVersion } from './rule.ts'
import { noFacts, type Transition, withId } from './transition.ts'

/** Returns what was told of a rule on a window or dataset. */
export type FindTold = (ruleId: string, dataset: string, key: string) => ToldState | undefined

const dayMs = 86_400_000

/** The classes of completeness in which points that should be there are not. */
const isMissing = (name: string): boolean => name === 'late' || name === 'lost'

/**
 * Returns what is to be told because a window changed its class. Pure. A window that became known as complete long after
 * it was due, as by a backfill, alerts nobody.
 * @param isSilent whether the dataset brings nothing at all. One lost tick among others makes nothing unknown
 */
export function windowTransitions(
  versions: readonly RuleVersion[],
  change: CompletenessChange,
  told: FindTold,
  isSilent: boolean,
): EngineOutcome {
  const outcome: EngineOutcome = { transitions: [], states: [] }
  for (const version of versions) {
    const { rule } = version
    if (!matches(rule.of.dataset, change.dataset)) continue
    if (isOfWindows(rule.when)) tellWindow(version, rule.when.becomes, change, told, outcome)
    else if (isOfThePast(change, change.at, dayMs)) continue
    else if (isMissing(change.class) && isSilent) tellUnknown(version, change, told, outcome)
    else if (change.class === 'complete') tellKnown(version, change.dataset, change.at, told, outcome)
  }
  return outcome
}

/** Returns that a dataset brings points again, for all rules that were told that it does not. Pure. */
export function knownTransitions(
  versions: readonly RuleVersion[],
  dataset: string,
  knownMs: number,
  told: FindTold,
): EngineOutcome {
  const outcome: EngineOutcome = { transitions: [], states: [] }
  for (const version of versions) tellKnown(version, dataset, knownMs, told, outcome)
  return outcome
}

/** Whether a window was over, and due, longer ago than that: what becomes of it is of the past, as by a backfill. */
const isOfThePast = ({ windowEnd, expectedBy }: CompletenessChange, atMs: number, maxAgeMs: number): boolean =>
  atMs - Math.max(windowEnd, expectedBy ?? windowEnd) > maxAgeMs

const windowKey = ({ selector, windowStart }: CompletenessChange): string =>
  `${selector ?? ''}@${new Date(windowStart).toISOString()}`

function tellWindow(
  version: RuleVersion,
  becomes: 'published' | 'late' | 'retracted',
  change: CompletenessChange,
  told: FindTold,
  outcome: EngineOutcome,
): void {
  const { dataset, previousClass, since } = change
  const key = windowKey(change)
  const open = told(version.rule.id, dataset, key)?.episodes.find(({ endsMs }) => endsMs === null)
  const maxAgeMs = version.rule.maxAge === undefined ? dayMs : durationMs(version.rule.maxAge)
  if (becomes === 'late') {
    if (isMissing(change.class) && !open && !isOfThePast(change, change.at, maxAgeMs))
      begin(outcome, version, 'firing', change, key)
    if (!isMissing(change.class) && open)
      end(outcome, { version, kind: 'resolved', dataset, key, atMs: since, knownMs: change.at, open })
    return
  }
  const wasPublished = previousClass === 'complete'
  const isNews = becomes === 'published' ? change.class === 'complete' && !wasPublished : change.class === 'retracted'
  if (!isNews || previousClass === null || isOfThePast(change, since, maxAgeMs)) return
  outcome.transitions.push(transitionOf(version, 'happened', change, key))
}

function tellUnknown(version: RuleVersion, change: CompletenessChange, told: FindTold, outcome: EngineOutcome): void {
  const open = told(version.rule.id, change.dataset, '')?.episodes.some(({ endsMs }) => endsMs === null)
  if (!open) begin(outcome, version, 'unknown', change, '')
}

function begin(
  outcome: EngineOutcome,
  version: RuleVersion,
  kind: 'firing' | 'unknown',
  change: CompletenessChange,
  key: string,
): void {
  const transition = transitionOf(version, kind, change, key)
  outcome.transitions.push(transition)
  const episode = { onsetMs: change.since, firedMs: change.since, endsMs: null, isSilent: false }
  const { dataset } = change
  outcome.states.push({
    ...{ ruleId: version.rule.id, ruleVersion: version.version, dataset, key, knownMs: change.at },
    episodes: [{ ...episode, firingId: transition.id }],
  })
}

function tellKnown(
  version: RuleVersion,
  dataset: string,
  knownMs: number,
  told: FindTold,
  outcome: EngineOutcome,
): void {
  const open = told(version.rule.id, dataset, '')?.episodes.find(({ endsMs }) => endsMs === null)
  // What is missing may lie ahead of what came.
  const atMs = Math.max(knownMs, open?.onsetMs ?? knownMs)
  if (open) end(outcome, { version, kind: 'known', dataset, key: '', atMs, knownMs, open })
}

interface Ending {
  version: RuleVersion
  kind: 'resolved' | 'known'
  dataset: string
  key: string
  atMs: number
  knownMs: number
  open: ToldState['episodes'][number]
}

function end(outcome: EngineOutcome, { version, kind, dataset, key, atMs, knownMs, open }: Ending): void {
  const { onsetMs, firingId } = open
  outcome.transitions.push(
    withId({
      ...{ kind, rule: version, dataset, key, onsetMs, endsMs: atMs, firingId, detail: null },
      facts: { ...noFacts, atMs, knownMs },
    }),
  )
  outcome.states.push({
    ...{ ruleId: version.rule.id, ruleVersion: version.version, dataset, key, episodes: [], knownMs },
    isForgotten: true,
  })
}

function transitionOf(
  rule: RuleVersion,
  kind: Transition['kind'],
  { dataset, class: name, cause, detail, since, at, windowStart }: CompletenessChange,
  key: string,
): Transition {
  const why = [name, cause, detail].filter((part) => part !== null).join(': ')
  return withId({
    ...{ kind, rule, dataset, key, onsetMs: since, endsMs: null, firingId: null, detail: why },
    facts: { ...noFacts, atMs: windowStart, knownMs: at },
  })
}
