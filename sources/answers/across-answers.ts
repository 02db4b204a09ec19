// Checks that compare answers with each other. The monitor runs them on what is stored. They find, and change nothing: a
// finding is not a flag. All functions here are pure, and take samples and windows in the order of their times.

/** A rule over the answers of a dataset. A dataset has each of the three at most once. */
export type AcrossCheck = FrozenCheck | JumpCheck | FewRowsCheck

export const acrossChecks: readonly AcrossCheck['check'][] = ['frozen', 'jump', 'few-rows']

/**
 * A value stands still over `ticks` successive ticks within `withinS` seconds, though another one of the same market grew at
 * least `times` times meanwhile. If `low` and `high` are declared, it counts only where the value lay outside of both, at
 * both ticks: a price may stand still honestly while trades are made at it.
 */
export interface FrozenCheck {
  check: 'frozen'
  /** One sentence that says what is found, for the catalogue. */
  text: string
  /** The ends of the keys: '.last'. Keys that have the same beginning are compared. */
  ends: { value: string; grows: string; low?: string; high?: string }
  ticks: number
  withinS: number
  times: number
}

export interface JumpCheck {
  check: 'jump'
  text: string
  /** Limits that a value cannot exceed, by key. */
  limits?: Readonly<Record<string, Limits>>
  /** A value that is `factor` times the value before, or a `factor`-th of it, of keys with this end. */
  step?: { end: string; factor: number; withinS: number }
}

export interface Limits {
  min: number
  max: number
}

/**
 * A window has less than `share` of the usual rows: the median of the last `history` windows of its selector that begin at
 * most `withinS` seconds before it. With fewer than `minHistory` of them, nothing is usual yet.
 */
export interface FewRowsCheck {
  check: 'few-rows'
  text: string
  share: number
  history: number
  minHistory: number
  withinS: number
}

/** Something that a check found. Times are ms UTC. */
export interface Finding {
  /** The key of the series; of few-rows: the selector, '' if the dataset has none. */
  key: string
  fromMs: number
  /** The last tick; of steps and windows: the end, excluded. */
  toMs: number
  /** Numbers that show what was found. */
  evidence: Record<string, number>
}

/** Returns the cell in which an instant lies. A finding does not reach beyond its cell: an hour of ticks, or a day. */
export type CellOf = (ms: number) => number | string

export interface MarketSample {
  atMs: number
  value: number | null
  grows: number | null
  low: number | null
  high: number | null
}

/** Finds where the value of one market is frozen. Evidence: the value, the ticks, and how often `grows` grew. */
export function findFrozen(
  check: FrozenCheck,
  key: string,
  samples: readonly MarketSample[],
  cellOf: CellOf,
): Finding[] {
  const { ticks, withinS, times } = check
  const hasRange = check.ends.low !== undefined && check.ends.high !== undefined
  const isOutside = ({ value, low, high }: MarketSample): boolean =>
    !hasRange || (value !== null && low !== null && high !== null && (value < low || value > high))
  /** How often the other value grew until a sample, since the beginning. */
  const grown: number[] = []
  const isFrozen = new Array<boolean>(samples.length).fill(false)
  let runStart = 0
  for (const [index, sample] of samples.entries()) {
    const before = samples[index - 1]
    const stands = before !== undefined && sample.value !== null && sample.value === before.value
    const grows = stands && before.grows !== null && sample.grows !== null && sample.grows > before.grows
    grown.push((grown[index - 1] ?? 0) + (grows && isOutside(before) && isOutside(sample) ? 1 : 0))
    if (!stands) runStart = index
    const first = index - ticks + 1
    if (first < runStart || sample.value === null) continue
    const isNear = sample.atMs - at(samples, first).atMs <= withinS * 1_000
    if (isNear && at(grown, index) - at(grown, first) >= times) isFrozen.fill(true, first, index + 1)
  }
  const findings: Finding[] = []
  for (let first = 0; first < samples.length; first++) {
    if (!isFrozen[first]) continue
    const { value, atMs: fromMs } = at(samples, first)
    let last = first
    while (
      isFrozen[last + 1] &&
      at(samples, last + 1).value === value &&
      cellOf(at(samples, last + 1).atMs) === cellOf(fromMs)
    )
      last++
    const evidence = { value: value ?? 0, ticks: last - first + 1, grown: at(grown, last) - at(grown, first) }
    findings.push({ key, fromMs, toMs: at(samples, last).atMs, evidence })
    first = last
  }
  return findings
}

export interface SteppedValue {
  atMs: number
  value: number | null
  stepS: number
}

/** Finds successive values of one key beyond its limits. Evidence: the value that is farthest beyond, its limit, the steps. */
export function findBeyondLimits(
  { min, max }: Limits,
  key: string,
  values: readonly SteppedValue[],
  cellOf: CellOf,
): Finding[] {
  const findings: Finding[] = []
  let last: { finding: Finding; beyond: number } | undefined
  for (const { atMs, value, stepS } of values) {
    const beyond = value === null ? 0 : Math.max(value - max, min - value)
    if (value === null || beyond <= 0) continue
    const shown = { value, limit: value > max ? max : min }
    const toMs = atMs + stepS * 1_000
    if (last?.finding.toMs === atMs && cellOf(last.finding.fromMs) === cellOf(atMs)) {
      const { evidence } = last.finding
      last.finding.toMs = toMs
      last.finding.evidence = { ...evidence, ...(beyond > last.beyond ? shown : {}), steps: (evidence.steps ?? 0) + 1 }
      last.beyond = Math.max(last.beyond, beyond)
      continue
    }
    last = { finding: { key, fromMs: atMs, toMs, evidence: { ...shown, steps: 1 } }, beyond }
    findings.push(last.finding)
  }
  return findings
}

/** Finds jumps between successive values of one key. A null is left out. Evidence: the value and the one before. */
export function findJumps(
  { factor, withinS }: NonNullable<JumpCheck['step']>,
  key: string,
  values: readonly Omit<SteppedValue, 'stepS'>[],
): Finding[] {
  const findings: Finding[] = []
  let before: { atMs: number; value: number } | undefined
  for (const { atMs, value } of values) {
    if (value === null || value <= 0) continue
    if (before !== undefined && atMs - before.atMs <= withinS * 1_000) {
      const ratio = Math.max(value / before.value, before.value / value)
      if (ratio >= factor) findings.push({ key, fromMs: atMs, toMs: atMs, evidence: { value, previous: before.value } })
    }
    before = { atMs, value }
  }
  return findings
}

export interface WindowRows {
  startMs: number
  endMs: number
  /** Above 0. A window without rows is not named: completeness says what became of it. */
  rows: number
}

/** Finds windows of one selector with far fewer rows than usual. Evidence: the fewest rows, and what was usual. */
export function findFewRows(
  { share, history, minHistory, withinS }: FewRowsCheck,
  key: string,
  windows: readonly WindowRows[],
  cellOf: CellOf,
): Finding[] {
  const findings: Finding[] = []
  for (const [index, { startMs, endMs, rows }] of windows.entries()) {
    const earlier = windows
      .slice(Math.max(0, index - history), index)
      .filter((window) => startMs - window.startMs <= withinS * 1_000)
    if (earlier.length < minHistory) continue
    const sorted = earlier.map((window) => window.rows).toSorted((one, other) => one - other)
    const usual = at(sorted, Math.floor((sorted.length - 1) / 2))
    if (rows >= share * usual) continue
    const last = findings.at(-1)
    if (last?.toMs === startMs && cellOf(last.fromMs) === cellOf(startMs)) {
      last.toMs = endMs
      last.evidence = {
        rows: Math.min(rows, last.evidence.rows ?? rows),
        usual: Math.max(usual, last.evidence.usual ?? 0),
      }
    } else findings.push({ key, fromMs: startMs, toMs: endMs, evidence: { rows, usual } })
  }
  return findings
}

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index]
  if (item === undefined) throw new RangeError(`there is no item ${index} of ${items.length}`)
  return item
}
