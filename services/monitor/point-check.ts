// Compares the points of accepted answers with their rows, all the time and with little work at a time: first what was
// stored lately, then a piece of all the others.
import type { SpanLimits } from '#core/reconcile/answer-spans.ts'
import { isCompared } from '#core/reconcile/unaccounted-points.ts'
import { database, readRows, type Store } from '#platform/clickhouse/client.ts'
import type { Logger } from '#platform/process/log.ts'
import { type Finding, type NewAnswers, newAnswersFrom } from './new-answers.ts'
import { beginWalk, type MissingPoints, type PointWalk } from './point-walk.ts'
import type { StoredClock } from './stored-clock.ts'

export interface PointFigures {
  /** Number of points unaccounted for, by dataset. Absent: not compared, not compared yet, or it cannot be compared. */
  unaccounted: ReadonlyMap<string, number>
  /** When the last complete round over all datasets began, ms UTC, by the machine's clock. undefined: none is complete. */
  comparedAtMs: number | undefined
}

export interface PointCheckParts {
  store: Store
  storedNow: StoredClock
  missingOf: MissingPoints
  log: Pick<Logger, 'warn'>
  /** How much is compared at a time. */
  limits?: SpanLimits
  /** An insert takes its time before it is visible, so newer answers wait, ms. */
  settleMs?: number
}

/** After so many failures in succession, what cannot be compared is left to the next round. */
const maxFailures = 8

/**
 * Returns a function that does the next step of the check, and returns what is known then. Answers that were stored before
 * the first step are compared by rounds over all datasets, which follow one another. Answers that are stored later are
 * compared soon, and again by the next round. A dataset that lacks points is also compared between the rounds, so that
 * its figure falls soon after a repair. What cannot be compared is logged, and has no figure.
 * @throws ClickHouseError, or a network error, if the store does not answer
 */
export function createPointCheck(parts: PointCheckParts): () => Promise<PointFigures> {
  const { store, storedNow, missingOf, log, limits = { answers: 20_000, points: 1_000_000 }, settleMs = 5_000 } = parts
  const ledger = openLedger()
  const failures = new Map<string, number>()
  let newAnswers: NewAnswers | undefined
  let round: Round | undefined
  let again: PointWalk | undefined
  let comparedAtMs: number | undefined

  const isOut = (what: string, error: unknown): boolean => {
    const count = (failures.get(what) ?? 0) + 1
    failures.set(what, count % maxFailures)
    log.warn({ err: error, what }, 'points cannot be compared with their answers: trying again')
    return count === maxFailures
  }
  const compareNew = async (news: NewAnswers, beforeMs: number): Promise<void> => {
    try {
      ledger.add(await news.compare(beforeMs))
      failures.delete('new answers')
    } catch (error) {
      if (isOut('new answers', error)) news.skip()
    }
  }
  const advance = async (walk: PointWalk): Promise<'goes on' | 'complete' | 'failed' | 'given up'> => {
    const { dataset } = walk
    try {
      const isLast = await walk.advance()
      failures.delete(dataset)
      ledger.goesOn(dataset)
      if (!isLast) return 'goes on'
      ledger.finish(walk)
      return 'complete'
    } catch (error) {
      ledger.fails(dataset)
      return isOut(dataset, error) ? 'given up' : 'failed'
    }
  }
  const begin = (dataset: string, storedBeforeMs: number): PointWalk =>
    beginWalk(store, missingOf, { dataset, storedBeforeMs }, limits)
  const figures = () => ledger.figures([...(round?.walks ?? []), again].filter((walk) => walk !== undefined))

  const goRound = async (comparedToMs: number): Promise<void> => {
    if (round === undefined) {
      const datasets = await storedDatasets(store)
      ledger.keepOnly(datasets)
      const walks = datasets.map((dataset) => begin(dataset, comparedToMs))
      round = { beganMs: Date.now(), walks, isComplete: true }
    }
    const [walk] = round.walks
    const state = walk && (await advance(walk))
    if (walk === undefined || state !== 'goes on') round.walks.shift()
    // The other datasets have their turn first.
    if (walk !== undefined && state === 'failed') round.walks.push(walk)
    if (state === 'given up') round.isComplete = false
    if (round.walks.length > 0) return
    if (round.isComplete) comparedAtMs = round.beganMs
    round = undefined
  }
  const goAgain = async (comparedToMs: number): Promise<void> => {
    if (again === undefined) {
      const lacking = [...figures()].find(([dataset, missing]) => missing > 0 && dataset !== round?.walks[0]?.dataset)
      again = lacking && begin(lacking[0], comparedToMs)
    }
    if (again !== undefined && (await advance(again)) !== 'goes on') again = undefined
  }
  return async () => {
    const beforeMs = await storedNow(settleMs)
    newAnswers ??= newAnswersFrom(store, missingOf, { beginMs: beforeMs, limits })
    await compareNew(newAnswers, beforeMs)
    await goRound(newAnswers.comparedToMs())
    await goAgain(newAnswers.comparedToMs())
    return { unaccounted: figures(), comparedAtMs }
  }
}

/** A walk over all datasets, one after the other. */
interface Round {
  beganMs: number
  walks: PointWalk[]
  isComplete: boolean
}

/** Adds up what was found: of each dataset its newest complete walk, and what was stored since that walk's bound. */
function openLedger() {
  const walked = new Map<string, Finding>()
  const failing = new Set<string>()
  let recent: Finding[] = []
  const sumOf = (findings: Iterable<Finding | undefined>, name: string): number =>
    [...findings].reduce((sum, each) => sum + (each?.dataset === name ? each.missing : 0), 0)
  return {
    add: (findings: readonly Finding[]): void => {
      recent.push(...findings)
    },
    fails: (dataset: string): unknown => failing.add(dataset),
    goesOn: (dataset: string): unknown => failing.delete(dataset),
    finish: ({ dataset, storedBeforeMs, missing }: PointWalk): void => {
      if (storedBeforeMs < (walked.get(dataset)?.storedBeforeMs ?? 0)) return
      walked.set(dataset, { dataset, storedBeforeMs, missing: missing() })
      recent = recent.filter((each) => each.dataset !== dataset || each.storedBeforeMs > storedBeforeMs)
    },
    /** Forgets the datasets that have no answers any more. */
    keepOnly: (datasets: readonly string[]): void => {
      for (const dataset of [...walked.keys(), ...failing])
        if (!datasets.includes(dataset)) {
          walked.delete(dataset)
          failing.delete(dataset)
        }
      recent = recent.filter(({ dataset }) => datasets.includes(dataset))
    },
    /** A walk that goes on has found at least so many, which may be more than the walk before it. */
    figures: (walks: readonly PointWalk[]): ReadonlyMap<string, number> => {
      const names = new Set([
        ...walked.keys(),
        ...recent.map(({ dataset }) => dataset),
        ...walks.map(({ dataset }) => dataset),
      ])
      const missing = new Map<string, number>()
      for (const name of names) {
        const found = walks.filter(({ dataset }) => dataset === name).map((walk) => walk.missing())
        const most = Math.max(sumOf([walked.get(name), ...recent], name), ...found)
        if (!failing.has(name) && (walked.has(name) || most > 0)) missing.set(name, most)
      }
      return missing
    },
  }
}

async function storedDatasets(store: Store): Promise<string[]> {
  const query = `SELECT DISTINCT dataset FROM ${database}.stored_answers ORDER BY dataset`
  const rows = await readRows<{ dataset: string }>(store, query, {})
  return rows.map(({ dataset }) => dataset).filter(isCompared)
}
