// The list of alert rules as a table, and below it why a rule does not judge as it should.
import { describeCondition, describeUnknown } from '#core/alerts/describe-rule.ts'
import { describeQueryRun, type QueryStatus } from '#core/alerts/query-status.ts'
import type { UnknownRule } from '#operations/alerts/history.ts'
import { savedRule } from '#operations/alerts/rules.ts'
import type { AlertRule } from '#schemas/generated/records.ts'
import { aligned } from '../aligned.ts'

/** How rules are judged now. */
export interface JudgedNow {
  /** How the queries of rules are asked, by rule. Empty if the alerter does not answer. */
  runs: ReadonlyMap<string, QueryStatus>
  /** null: the store does not answer. */
  unknown: readonly UnknownRule[] | null
}

/** Returns a line a rule, with its state in a word if it cannot judge, and then the reasons. Pure. */
export function ruleLines(rules: readonly AlertRule[], now: JudgedNow): string[] {
  const head = ['rule', 'version', 'severity', 'state', 'series', 'alerts when']
  const rows = rules.map((record) => {
    const rule = savedRule(record)
    const [id, version, state] = [record.id, `v${record.version}`, stateOf(record, now)]
    if (rule === undefined) return [id, version, '', state]
    const { dataset, key, labels } = rule.of
    const wanted = Object.entries(labels).map(([name, value]) => ` ${name}=${value}`)
    return [id, version, rule.severity, state, `${dataset} ${key}${wanted.join('')}`, describeCondition(rule)]
  })
  return [...aligned([head, ...rows]), ...rules.flatMap((record) => reasonLines(record, now))]
}

function stateOf(record: AlertRule, { runs, unknown }: JudgedNow): string {
  if (savedRule(record) === undefined) return 'unreadable'
  if (unknown?.some(({ ruleId }) => ruleId === record.id)) return 'unknown'
  return typeof runs.get(record.id)?.failure === 'string' ? 'query fails' : ''
}

/** Returns in a line each why a rule cannot judge, and how its query is asked. Pure. */
export function reasonLines(record: AlertRule, { runs, unknown }: JudgedNow): string[] {
  const { id } = record
  const [newest, ...others] = unknown?.filter(({ ruleId }) => ruleId === id) ?? []
  const run = runs.get(id)
  return [
    ...(savedRule(record) === undefined ? [`${id} cannot be read by this release: it alerts nobody`] : []),
    ...(newest === undefined ? [] : [`${id} ${describeUnknown(newest)}${others.length === 0 ? '' : andMore(others)}`]),
    ...(run === undefined ? [] : [`${id} ${describeQueryRun(run)}`]),
  ]
}

const andMore = (others: readonly UnknownRule[]): string =>
  `; and on ${others.map(({ dataset }) => dataset).join(', ')}`
