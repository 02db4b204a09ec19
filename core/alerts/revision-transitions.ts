import { isRevision } from './rule.ts'
import { isBeyond } from './rule-on-series.ts'
import { isFresh, type PointRun, type Revision } from './series-points.ts'
import type { RevisionRule, SeriesWatch } from './series-watch.ts'
import { type PointFacts, type Transition, withId } from './transition.ts'

/**
 * Returns what rules about revisions and withdrawals have to tell of the values that an answer replaced: one transition a
 * rule, about the value that it concerns most. Pure.
 * @param answer the first run of points of the answer @param named how many values the answer tells of
 */
export function revisionTransitions(
  watch: SeriesWatch,
  replaced: readonly Revision[],
  answer: PointRun,
  named: number,
): Transition[] {
  const { dataset, key } = watch.series
  return watch.revisionRules.flatMap(({ version, when, maxAgeMs }) => {
    const isAhead = (atMs: number): boolean => atMs + watch.stepS * 1_000 > answer.knownMs
    const onlyAhead = isRevision(when) ? when.ahead : when.withdrawn === 'ahead'
    const concerned = replaced.filter(({ atMs }) => (onlyAhead ? isAhead(atMs) : isFresh(answer, atMs, maxAgeMs)))
    const found = isRevision(when) ? ofRevisions(concerned, when, named) : ofWithdrawals(concerned)
    if (found === undefined) return []
    const { detail, ...numbers } = found
    const facts: PointFacts = { ...numbers, expected: named, knownMs: answer.knownMs, raw: answer.raw }
    const times = { onsetMs: facts.atMs, endsMs: null, firingId: null }
    return [withId({ kind: 'happened', rule: version, dataset, key, ...times, facts, detail })]
  })
}

type Found = Pick<PointFacts, 'atMs' | 'value' | 'compared' | 'reference' | 'samples'> & { detail: string }

function ofRevisions(
  replaced: readonly Revision[],
  { revision, than }: Extract<RevisionRule['when'], { revision: unknown }>,
  named: number,
): Found | undefined {
  const large = replaced.flatMap(({ atMs, from, to }) =>
    to !== null && isBeyond(Math.abs(to - from), revision, than) ? [{ atMs, from, to, by: Math.abs(to - from) }] : [],
  )
  const [first] = large
  if (first === undefined) return undefined
  const { atMs, from, to, by } = large.reduce((best, each) => (each.by > best.by ? each : best), first)
  return {
    ...{ atMs, value: to, compared: by, reference: from, samples: large.length },
    detail: `${large.length} of ${named} values were revised by that much, this one most`,
  }
}

function ofWithdrawals(replaced: readonly Revision[]): Found | undefined {
  const withdrawn = replaced.filter(({ to }) => to === null)
  const [first] = withdrawn
  if (first === undefined) return undefined
  return {
    ...{ atMs: first.atMs, value: null, compared: null, reference: first.from, samples: withdrawn.length },
    detail:
      withdrawn.length === 1
        ? `upstream took back the value ${first.from}`
        : `upstream took back ${withdrawn.length} values, of which the first was ${first.from}`,
  }
}
