// Alert rules are saved, listed and deleted by records of the topic tidemark.alerts.rules. The alerter follows it.
import { checkRule } from '#core/alerts/check-rule.ts'
import { type Rule, ruleSchema } from '#core/alerts/rule.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { readNewest } from '#platform/kafka/newest-records.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { writeRecord } from '#platform/kafka/write-record.ts'
import type { Logger } from '#platform/process/log.ts'
import { UserError } from '#platform/process/user-error.ts'
import { alertRulesTopic } from '#schemas/alert-topics.ts'
import type { AlertRule } from '#schemas/generated/records.ts'

export interface AlertParts {
  kafka: Kafka
  registry: Registry
  log: Pick<Logger, 'warn'>
}

export interface RuleChange {
  by: string
  why: string
}

/** Returns the rules that are valid, by id. */
export async function listRules(parts: AlertParts): Promise<AlertRule[]> {
  return (await allRules(parts)).filter(({ isDeleted }) => !isDeleted)
}

async function allRules({ kafka, registry, log }: AlertParts): Promise<AlertRule[]> {
  const newest = await readNewest(kafka, registry, alertRulesTopic, log)
  return [...newest.values()].toSorted((one, other) => (one.id < other.id ? -1 : 1))
}

/** Returns a valid rule. @throws UserError if there is none of that id */
export async function findRule(parts: AlertParts, id: string): Promise<AlertRule> {
  const rules = await listRules(parts)
  const found = rules.find((rule) => rule.id === id)
  if (found !== undefined) return found
  const names = rules.map((rule) => rule.id).join(', ')
  throw new UserError(`There is no alert rule ${id}; there is: ${names || 'none yet'}.`)
}

/** Returns what a saved rule says. undefined: this release cannot read it, and it alerts nobody. */
export const savedRule = ({ rule }: Pick<AlertRule, 'rule'>): Rule | undefined =>
  ruleSchema.safeParse(JSON.parse(rule)).data

/** Reads one rule or a list of them. @throws UserError as `readRule`, and for an empty list and an id that stands twice */
export function readRules(written: unknown): Rule[] {
  const rules = [written].flat().map(readRule)
  if (rules.length === 0) throw new UserError('The list has no rule.')
  const twice = rules.find(({ id }, index) => rules.findIndex((other) => other.id === id) !== index)
  if (twice !== undefined) throw new UserError(`The id ${twice.id} stands twice: each rule has its own.`)
  return rules
}

/** Reads a rule as people write it. @throws UserError that names each part that does not fit, and why */
export function readRule(written: unknown): Rule {
  const parsed = ruleSchema.safeParse(written)
  if (parsed.success) {
    checkRule(parsed.data)
    return parsed.data
  }
  const problems = parsed.error.issues.flatMap((issue) => sentences(issue))
  throw new UserError(`The rule does not fit:\n  ${problems.slice(0, 10).join('\n  ')}`)
}

type Issue = NonNullable<ReturnType<typeof ruleSchema.safeParse>['error']>['issues'][number]

function sentences(issue: Issue): string[] {
  const path = issue.path.join('.') || 'the rule'
  if (issue.code !== 'invalid_union') return [`${path}: ${issue.message}`]
  // Of the forms that a condition may have, the one that knows all the names is meant, or else the nearest one.
  const forms = issue.errors.toSorted((one, other) => distance(one as Issue[]) - distance(other as Issue[]))
  const [nearest = []] = forms
  return nearest.flatMap((each) => sentences({ ...each, path: [...issue.path, ...each.path] } as Issue))
}

/** Returns how far a form is from what was written. A name that it does not know weighs more than a wrong value. */
function distance(form: readonly Issue[]): number {
  return form.reduce((total, issue) => {
    if (issue.code === 'invalid_union')
      return total + Math.min(...issue.errors.map((each) => distance(each as Issue[])))
    return total + (issue.code === 'unrecognized_keys' ? 11 : 1)
  }, 0)
}

/** Saves a rule as its next version, and returns it. A rule that is saved already is returned as it is. */
export async function saveRule(parts: AlertParts, rule: Rule, { by, why }: RuleChange): Promise<AlertRule> {
  const before = (await allRules(parts)).find(({ id }) => id === rule.id)
  const text = JSON.stringify(rule)
  if (before !== undefined && !before.isDeleted && before.rule === text) return before
  const { id, owner } = rule
  const version = (before?.version ?? 0) + 1
  return writeRule(parts, {
    ...{ id, version, rule: text, owner, why, changedAt: Date.now(), changedBy: by, isDeleted: false },
  })
}

/** Deletes a rule. What it told stays. @throws UserError if there is none of that id */
export async function deleteRule(parts: AlertParts, id: string, { by, why }: RuleChange): Promise<AlertRule> {
  const before = await findRule(parts, id)
  return writeRule(parts, {
    ...{ ...before, version: before.version + 1, changedAt: Date.now(), changedBy: by, why, isDeleted: true },
  })
}

async function writeRule(parts: AlertParts, record: AlertRule): Promise<AlertRule> {
  await writeRecord(parts, alertRulesTopic, record.id, record)
  return record
}
