// Runs the checks across answers on a part of a dataset, and says what that changes about its findings.
import { businessDay, dayAt } from '#core/business-day.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import type { QualityFinding } from '#schemas/generated/records.ts'
import {
  type AcrossCheck,
  type CellOf,
  type Finding,
  findBeyondLimits,
  findFewRows,
  findFrozen,
  findJumps,
} from '#sources/answers/across-answers.ts'
import type { Dataset } from '#sources/source.ts'
import { limitedValues, marketSamples, type Range, steppedValues, windowRows } from './quality-questions.ts'

/** What a check found in whole cells: all findings that begin in the range. */
export interface Checked {
  check: AcrossCheck['check']
  range: Range
  findings: Finding[]
}

const hourMs = 3_600_000

/** Returns what the check finds in all cells that the values of `touched` have to do with. @throws an error of the store */
export async function runCheck(store: Store, dataset: Dataset, check: AcrossCheck, touched: Range): Promise<Checked> {
  const { cellOf, whole } = cellsOf(dataset)
  const reach = check.check === 'jump' ? check.step?.withinS : check.withinS
  const reachMs = (reach ?? 0) * 1_000
  const before = check.check === 'frozen' ? reachMs : 0
  const range = whole({ fromMs: touched.fromMs - before, toMs: touched.toMs + reachMs })
  const after = check.check === 'frozen' ? reachMs : 0
  const read = { fromMs: range.fromMs - reachMs, toMs: range.toMs + after }
  const findings = await findingsIn(store, dataset, check, { read, range, cellOf })
  return { check: check.check, range, findings: findings.filter(({ fromMs }) => isIn(range, fromMs)) }
}

interface Cells {
  read: Range
  range: Range
  cellOf: CellOf
}

async function findingsIn(
  store: Store,
  { name, calendar }: Dataset,
  check: AcrossCheck,
  { read, range, cellOf }: Cells,
): Promise<Finding[]> {
  if (check.check === 'frozen') {
    const markets = await marketSamples(store, name, check, read)
    return [...markets].flatMap(([key, samples]) => findFrozen(check, key, samples, cellOf))
  }
  if (check.check === 'few-rows') {
    const selectors = await windowRows(store, name, calendar.kind === 'ticks', read)
    return [...selectors].flatMap(([selector, windows]) => findFewRows(check, selector, windows, cellOf))
  }
  const { limits = {}, step } = check
  const limited = Object.keys(limits).length === 0 ? [] : await limitedValues(store, name, limits, range)
  const beyond = [...limited].flatMap(([key, values]) => {
    const limit = limits[key]
    return limit === undefined ? [] : findBeyondLimits(limit, key, values, cellOf)
  })
  const stepped = step === undefined ? [] : await steppedValues(store, name, step, read)
  return [...beyond, ...[...stepped].flatMap(([key, values]) => (step ? findJumps(step, key, values) : []))]
}

const isIn = ({ fromMs, toMs }: Range, ms: number): boolean => ms >= fromMs && ms < toMs

/** The cells of a dataset: hours of ticks, local days of all others. `whole` widens a range to whole cells. */
export function cellsOf({ calendar }: Dataset): { cellOf: CellOf; whole: (range: Range) => Range } {
  if (calendar.kind === 'ticks') {
    const cellOf = (ms: number): number => Math.floor(ms / hourMs)
    const whole = ({ fromMs, toMs }: Range) => ({
      fromMs: cellOf(fromMs) * hourMs,
      toMs: Math.ceil(toMs / hourMs) * hourMs,
    })
    return { cellOf, whole }
  }
  const { zone } = calendar
  const cellOf = (ms: number): string => dayAt(zone, ms)
  const dayOf = (ms: number): Range => {
    const { window } = businessDay(zone, cellOf(ms))
    return { fromMs: window.startMs, toMs: window.endMs }
  }
  return { cellOf, whole: ({ fromMs, toMs }) => ({ fromMs: dayOf(fromMs).fromMs, toMs: dayOf(toMs - 1).toMs }) }
}

/**
 * Returns the records that turn the findings that hold into those that were found: new ones, those whose end or evidence
 * changed, and withdrawn ones. Pure.
 */
export function findingChanges(
  dataset: string,
  { check, findings }: Pick<Checked, 'check' | 'findings'>,
  held: readonly QualityFinding[],
  atMs: number,
): QualityFinding[] {
  const found = findings.map(({ key, fromMs, toMs, evidence }) => {
    return { dataset, check, key, from: fromMs, to: toMs, evidence, foundAt: atMs, at: atMs, withdrawnAt: null }
  })
  const before = new Map(held.map((finding) => [findingName(finding), finding]))
  const now = new Set(found.map(findingName))
  return [
    ...found.flatMap((finding) => {
      const earlier = before.get(findingName(finding))
      if (earlier === undefined) return [finding]
      return shown(earlier) === shown(finding) ? [] : [{ ...finding, foundAt: earlier.foundAt }]
    }),
    ...held.filter((finding) => !now.has(findingName(finding))).map((finding) => withdrawn(finding, atMs)),
  ]
}

export const withdrawn = (finding: QualityFinding, atMs: number): QualityFinding => ({
  ...finding,
  at: atMs,
  withdrawnAt: atMs,
})

/** What identifies a finding: the key of its record. */
export const findingName = ({ dataset, check, key, from }: QualityFinding): string =>
  `${dataset}/${check}/${key}/${new Date(from).toISOString()}`

const shown = ({ to, evidence }: QualityFinding): string =>
  JSON.stringify([to, Object.entries(evidence).toSorted(([one], [other]) => (one < other ? -1 : 1))])
