import { UserError } from '#platform/process/user-error.ts'
import type { Dataset } from '#sources/source.ts'
import { datasetsByName } from '../datasets.ts'
import {
  durationMs,
  isOfWindows,
  isQuery,
  isRevision,
  isWithdrawal,
  matches,
  type PointCondition,
  pointConditions,
  type Rule,
} from './rule.ts'

/**
 * Refuses a rule that makes no sense for the series that it names, or that can never alert. Pure.
 * @throws UserError that says which part, why, and what to do
 */
export function checkRule(rule: Rule): void {
  // Whether the store takes a query, the store says.
  if (isQuery(rule.when)) return
  const datasets = [...datasetsByName.values()]
    .map(({ dataset }) => dataset)
    .filter(({ name }) => matches(rule.of.dataset, name))
  if (datasets.length === 0)
    throw refusal(rule, `no dataset is named ${rule.of.dataset}: \`npx tidemark catalogue\` lists all`)
  const sampled = datasets.filter(({ steps }) => steps.length > 0)
  if (sampled.length === 0) throw refusal(rule, `${rule.of.dataset} has no values on a grid, which rules look at`)
  checkLabels(rule, sampled)
  const { when } = rule
  if (isOfWindows(when)) {
    if (rule.for ?? rule.times ?? rule.clearAt ?? rule.keepFiringFor)
      throw refusal(rule, '`for`, `times`, `clearAt` and `keepFiringFor` are for conditions on values')
    if (when.becomes === 'late' && sampled.every(isNeverLate))
      throw refusal(rule, `upstream's time is not known for ${rule.of.dataset}, so it is never late`)
    return
  }
  const isOfReplaced = isRevision(when) || isWithdrawal(when)
  if (isOfReplaced && sampled.every(({ calendar }) => calendar.kind === 'ticks'))
    throw refusal(
      rule,
      `ticks of ${rule.of.dataset} are not ${isRevision(when) ? 'revised' : 'withdrawn'}: the rule would never alert`,
    )
  if (isOfReplaced && (rule.for ?? rule.times ?? rule.clearAt ?? rule.keepFiringFor))
    throw refusal(rule, '`for`, `times`, `clearAt` and `keepFiringFor` are for conditions that last')
  for (const condition of pointConditions(when).of) checkCondition(rule, condition, sampled)
}

const refusal = ({ id }: Rule, why: string): UserError => new UserError(`The rule ${id} is refused: ${why}.`)

const isNeverLate = ({ calendar }: Dataset): boolean =>
  calendar.kind === 'files' || (calendar.kind === 'days' && 'notKnown' in calendar.expected)

function checkLabels(rule: Rule, datasets: readonly Dataset[]): void {
  const known = new Set(datasets.flatMap(({ keys }) => Object.keys(keys.labels)))
  const unknown = Object.keys(rule.of.labels).filter((name) => !known.has(name))
  if (unknown.length === 0) return
  const there = known.size === 0 ? 'it has none' : `there is: ${[...known].join(', ')}`
  throw refusal(rule, `no series of ${rule.of.dataset} has the label ${unknown.join(', ')}; ${there}`)
}

function checkCondition(rule: Rule, condition: PointCondition, datasets: readonly Dataset[]): void {
  if (condition.to === undefined) return
  const { as, to } = condition
  if ((as === 'ratio' || as === 'percent') && datasets.some((dataset) => mayBeNegative(rule, dataset)))
    throw refusal(rule, `a ${as} means nothing for values that may be below zero; use \`"as": "difference"\``)
  if ('dataset' in to) checkOther(rule, to.dataset)
  if ('knownBefore' in to && datasets.every(({ calendar }) => calendar.kind === 'ticks'))
    throw refusal(rule, `a tick of ${rule.of.dataset} is known once: there is nothing that was known before`)
  if (!('window' in to)) return
  const windowMs = durationMs(to.window)
  const [shortest] = datasets.map(stepMs).toSorted((one, other) => one - other)
  if (shortest !== undefined && windowMs < 2 * shortest)
    throw refusal(rule, `a window of ${to.window} holds fewer than two values, which come every ${shortest / 1_000} s`)
}

const stepMs = ({ steps }: Dataset): number => Math.min(...steps.map(({ stepS }) => stepS)) * 1_000

/** The alerter judges the series of each source by themselves. */
function checkOther(rule: Rule, name: string): void {
  const other = datasetsByName.get(name)
  if (other === undefined)
    throw refusal(rule, `there is no dataset ${name} to compare with: \`npx tidemark catalogue\` lists all`)
  if (other.dataset.steps.length === 0) throw refusal(rule, `${name} has no values on a grid to compare with`)
  const foreign = [...datasetsByName.values()].find(
    ({ dataset, source }) => matches(rule.of.dataset, dataset.name) && source.name !== other.source.name,
  )
  if (foreign === undefined) return
  throw refusal(
    rule,
    `${foreign.dataset.name} is compared with ${name}, which is of another source: rules compare series of one source`,
  )
}

/** Metrics of markets that are themselves changes. */
const signedMetrics = ['change', 'changePercentage', 'changeAbsolute']

/** A metric that is itself a change, or a dataset whose plausible values lie below zero. */
function mayBeNegative({ of }: Rule, { plausible, keys }: Dataset): boolean {
  if (plausible !== undefined) return plausible.min < 0
  if (!('metric' in keys.labels)) return false
  const { metric } = of.labels
  return signedMetrics.some((name) => (metric === undefined ? mayEndWith(of.key, `.${name}`) : matches(metric, name)))
}

/** Whether a pattern may take a text that ends like that. */
function mayEndWith(pattern: string, end: string): boolean {
  const last = pattern.slice(pattern.lastIndexOf('*') + 1)
  return last.endsWith(end) || (pattern.includes('*') && end.endsWith(last))
}
