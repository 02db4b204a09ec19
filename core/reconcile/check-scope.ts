import type { Store } from '#platform/clickhouse/client.ts'
import { boundOf } from '#platform/clickhouse/deletions.ts'
import {
  type AnswerGroup,
  contentsOf,
  type GroupContent,
  type GroupKey,
  type GroupScope,
  keyOf,
  maxNamed,
  rowsOf,
  scanGroups,
  type UnansweredGroups,
} from './answer-groups.ts'
import { balanceOf, type PointBalance } from './point-balance.ts'

/** An answer that lacks rows, or rows that lack their answer. Times are ms UTC. */
export interface IncompleteAnswer extends GroupKey {
  dataset: string
  lacks: 'points' | 'answer'
  /** null: the answer that would name it is not stored. */
  requestIdentity: string | null
  windowStartMs: number
  windowEndMs: number
  transformVersion: number
  partition: number
  offset: number
  /** Number of points; null if the answer is not stored. */
  expected: number | null
  found: number
  missing: number
}

/** What was found out about some answers of a dataset. All numbers but those of answers count points. */
export interface Tally extends PointBalance {
  dataset: string
  answers: number
  /** Answers that were not compared: their window begins before the time up to which the dataset is deleted. */
  cutAnswers: number
  /** Answers that are not stored although rows name them, and the number of these rows. */
  lostAnswers: { answers: number; points: number }
  /** Rows whose answer was not stored yet: the services are behind, so nobody knows whether it is lost. */
  waitingPoints: number
  /** Number of answers that lack points. */
  lackingAnswers: number
  /** The answers that lack points, and the lost answers: up to `maxKept`. */
  incomplete: IncompleteAnswer[]
  /** The first and the last window start of all incomplete answers; null if there is none. */
  windows: { firstMs: number; lastMs: number } | null
}

/** Maximum number of incomplete answers of a dataset that are kept, and that are looked at twice. */
export const maxKept = 10_000

export const emptyTally = (dataset: string): Tally => ({
  dataset,
  ...{ answers: 0, expected: 0, found: 0, missing: 0, surplus: 0, cutAnswers: 0, waitingPoints: 0 },
  lackingAnswers: 0,
  lostAnswers: { answers: 0, points: 0 },
  incomplete: [],
  windows: null,
})

/**
 * Waits until the services have stored the answer of every point that is stored now. Returns false if they are behind.
 */
export type UntilAnswersAreStored = () => Promise<boolean>

/**
 * Compares the answers of a scope with their rows, and adds the result to `tally`. Looks twice at what seems to be
 * missing: first rows, then answers. The sink stores an answer after its points, and whoever removes both removes the
 * answer first. So rows are missing if the same answer was there before and after the rows were read.
 */
export async function checkScope(
  store: Store,
  scope: GroupScope,
  tally: Tally,
  untilStored?: UntilAnswersAreStored,
): Promise<void> {
  const { equal, cut, doubtful, unanswered } = await scanGroups(store, scope)
  tally.answers += equal.answers + doubtful.length
  tally.cutAnswers += cut
  addPoints(tally, { expected: equal.points, found: equal.points, missing: 0, surplus: 0 })
  const lacking: AnswerGroup[] = []
  for (const group of doubtful) {
    const balance = balanceOf(group.contents, group.stored)
    if (balance.missing > 0) lacking.push(group)
    else addPoints(tally, balance)
  }
  for (let at = 0; at < lacking.length; at += maxNamed) await lookAgain(store, lacking.slice(at, at + maxNamed), tally)
  if (untilStored !== undefined && unanswered.groups > 0)
    await addUnanswered(store, scope, unanswered, tally, untilStored)
}

async function lookAgain(store: Store, groups: readonly AnswerGroup[], tally: Tally): Promise<void> {
  // So many answers do not seem to lack rows by chance.
  const isSure = tally.incomplete.length >= maxKept
  const rows = isSure ? undefined : await rowsOf(store, tally.dataset, groups)
  const contents = isSure ? undefined : await contentsOf(store, tally.dataset, groups)
  for (const group of groups) {
    const stored = rows === undefined ? group.stored : (rows.get(keyOf(group))?.stored ?? [])
    const after = contents === undefined ? group.contents : contents.get(keyOf(group))
    const balance = balanceOf(group.contents, stored)
    const isSame = after !== undefined && contentsText(after) === contentsText(group.contents)
    // The answer was replaced or removed meanwhile. The next check will see its rows.
    addPoints(tally, isSame ? balance : { ...balance, expected: balance.found, missing: 0 })
    if (isSame && balance.missing > 0) addIncomplete(tally, group, balance)
  }
}

const contentsText = (contents: readonly GroupContent[]): string =>
  JSON.stringify(
    contents
      .map(({ partition, offset, transformVersion, points }) => [partition, offset, transformVersion, points])
      .sort(),
  )

function addIncomplete(tally: Tally, { contents, ...key }: AnswerGroup, { expected, found, missing }: PointBalance) {
  const [first] = contents.toSorted((one, other) => one.partition - other.partition || one.offset - other.offset)
  if (first === undefined) return
  tally.lackingAnswers += 1
  const { replaces: _, points: __, ...about } = first
  keep(tally, {
    ...about,
    ...{ dataset: tally.dataset, identity: key.identity, knownAtMs: key.knownAtMs },
    ...{ lacks: 'points', expected, found, missing },
  })
}

/**
 * Adds the rows of points whose answer is lost. Points are stored before their answer, so the answers that are on the
 * way are waited for, and a group counts if it has no answer before and after.
 */
async function addUnanswered(
  store: Store,
  scope: GroupScope,
  before: UnansweredGroups,
  tally: Tally,
  untilStored: UntilAnswersAreStored,
): Promise<void> {
  if (!(await untilStored())) {
    tally.waitingPoints += before.rows
    return
  }
  const { unanswered: after } = await scanGroups(store, scope)
  const isNamed = before.groups === before.named.length
  const earlier = new Set(before.named.map(keyOf))
  const lost = after.named.filter((key) => !isNamed || earlier.has(keyOf(key)))
  if (!isNamed) {
    tally.lostAnswers.answers += after.groups - after.named.length
    tally.lostAnswers.points += after.rows - after.named.reduce((sum, { rows }) => sum + rows, 0)
  }
  if (lost.length === 0) return
  const { dataset } = tally
  const groups = await rowsOf(store, dataset, lost)
  // A deletion removes an answer before its points.
  const bound = (await boundOf(store, dataset)) ?? 0
  for (const { identity, knownAtMs } of lost) {
    const group = groups.get(keyOf({ identity, knownAtMs }))
    if (group === undefined || group.windowStartMs < bound) continue
    const { stored, ...place } = group
    const found = stored.reduce((sum, { rows }) => sum + rows, 0)
    tally.lostAnswers.answers += 1
    tally.lostAnswers.points += found
    const transformVersion = Math.max(...stored.map((each) => each.transformVersion))
    const about = { dataset, identity, knownAtMs, transformVersion, ...place }
    keep(tally, { ...about, lacks: 'answer', requestIdentity: null, expected: null, found, missing: 0 })
  }
}

function addPoints(tally: Tally, { expected, found, missing, surplus }: PointBalance): void {
  tally.expected += expected
  tally.found += found
  tally.missing += missing
  tally.surplus += surplus
}

function keep(tally: Tally, incomplete: IncompleteAnswer): void {
  if (tally.incomplete.length < maxKept) tally.incomplete.push(incomplete)
  const { firstMs, lastMs } = tally.windows ?? { firstMs: Number.POSITIVE_INFINITY, lastMs: Number.NEGATIVE_INFINITY }
  const { windowStartMs } = incomplete
  tally.windows = { firstMs: Math.min(firstMs, windowStartMs), lastMs: Math.max(lastMs, windowStartMs) }
}
