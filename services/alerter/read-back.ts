// How far back a start reads the slices and answers of a source again. Pure.
import { isPublishedAhead } from '#core/alerts/ages.ts'
import { longestLookBackMs } from '#core/alerts/engine.ts'
import { durationMs, isOfWindows, matches, type Rule, type RuleVersion } from '#core/alerts/rule.ts'
import { longestPatienceMs } from '#core/alerts/window-watch.ts'
import { datasetsByName } from '#core/datasets.ts'

const minuteMs = 60_000
const dayMs = 86_400_000
/** Slices that are published ahead lie up to four days before the newest one. */
const aheadMs = 4 * dayMs
/** Of what is published ahead, values that are a day late alert, if the rule does not say otherwise. */
const lateMs = dayMs
/** It also covers how long a dataset may have brought nothing: see WindowWatch. */
const slackMs = Math.max(10 * minuteMs, longestPatienceMs)

export interface ReadBack {
  /** The longest span of event time that a rule looks back from a value that it judges, ms. */
  lookBackMs: number
  /** Records that were written in this time before the start are read, ms. */
  readMs: number
}

/**
 * Returns how far back a source is read so that its rules say of the next value what they would have said without a start.
 * The oldest value that may alert is as old as the longest `maxAge`. Rules of other sources do not count.
 */
export function readBackOf(source: string, versions: readonly RuleVersion[]): ReadBack {
  const datasets = [...datasetsByName.values()].filter((each) => each.source.name === source)
  const judged = versions.filter(
    ({ rule }) => !isOfWindows(rule.when) && datasets.some(({ dataset }) => matches(rule.of.dataset, dataset.name)),
  )
  const isAhead = datasets.some(({ dataset }) => dataset.steps.some(({ stepS }) => isPublishedAhead(stepS)))
  const lookBackMs = longestLookBackMs(judged) + Math.max(0, ...judged.map(({ rule }) => persistenceMs(rule)))
  const maxAges = judged.map(({ rule: { maxAge } }) => (maxAge === undefined ? 0 : durationMs(maxAge)))
  const oldestMs = Math.max(isAhead ? lateMs : 0, ...maxAges)
  return { lookBackMs, readMs: lookBackMs + oldestMs + slackMs + (isAhead ? aheadMs : 0) }
}

/** How far a rule looks back besides its windows, ms. */
function persistenceMs({ for: holdsFor, keepFiringFor, times }: Rule): number {
  const lengths = [holdsFor, keepFiringFor].map((text) => (text === undefined ? 0 : durationMs(text)))
  return (lengths[0] ?? 0) + (lengths[1] ?? 0) + (times?.of ?? 0) * minuteMs
}
