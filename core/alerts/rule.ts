// What an alert rule says. A rule is data: by file, command, API or page, it is the same.
import { z } from 'zod'

/** A length of time: PT90S, PT1H, P1D. At least a second. */
const duration = z
  .string()
  .regex(/^P(?=\d|T\d)(\d{1,3}D)?(T(?=\d)(\d{1,3}H)?(\d{1,4}M)?(\d{1,5}S)?)?$/, {
    error: 'must be a length of time such as PT1H, PT90S or P1D',
    abort: true,
  })
  .refine((text) => durationMs(text) >= 1_000, 'must be a second at least')

const dayMs = 86_400_000

/** Returns the ms of a length of time. A day has 24 hours. @throws RangeError if the text is not a length of time */
export const durationMs = (text: string): number =>
  Temporal.Duration.from(text).total({ unit: 'millisecond', relativeTo: '2000-01-01T00:00Z[UTC]' })

const number = z.number()
const operator = z.enum(['>', '>=', '<', '<='])
export type Operator = z.infer<typeof operator>

/** Figures of a sliding window, which does not contain the point itself. */
const aggregate = z.enum(['avg', 'min', 'max', 'sum', 'stddev', 'count', 'first', 'last'])

const windowLength = duration.refine((text) => durationMs(text) >= 60_000 && durationMs(text) <= 7 * dayMs, {
  message: 'must be a length of time from PT1M to P7D',
})

/** Text that stands in messages, in subjects of mail and on terminals. */
const line = (maxChars: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maxChars)
    .regex(/^[^\p{Cc}\u2028-\u202e\u2066-\u2069]*$/u, 'must be one line without control characters')

/** The series that a rule is about. `*` stands for any characters. */
const selectorSchema = z
  .strictObject({
    dataset: line(200).describe('such as jao.core.maxExchanges, or kraken.*'),
    key: line(300).default('*').describe('such as border_AT_BE, or *.last'),
    labels: z.record(line(60), line(120)).default({}).describe('such as { "from": "AT" }'),
  })
  .describe('which series; the rule stands on each of them by itself')

export type Selector = z.infer<typeof selectorSchema>

/** With what a value is compared. */
const referenceSchema = z.union([
  z.strictObject({ window: windowLength, of: aggregate }).describe('a figure of the points before this one'),
  z.strictObject({ dataset: line(200), key: line(300) }).describe('the value of another series at the same time'),
  z.strictObject({ knownBefore: duration }).describe('what was known of the same point that long before'),
])

/** A union prefers a form that merely has too many names to one that has a wrong value: here the names have no value. */
const absent = z
  .undefined({ error: 'is for a condition that compares with something: it needs `as` and `to`' })
  .optional()

const valueCondition = z.strictObject({ value: operator, than: number, as: absent, to: absent })

const relativeCondition = z.strictObject({
  value: operator,
  than: number,
  as: z.enum(['ratio', 'difference', 'percent']),
  to: referenceSchema,
})

const pointCondition = z.union([relativeCondition, valueCondition])

/** A condition that each point meets or does not. */
export type PointCondition = z.infer<typeof pointCondition>

const revisionCondition = z.strictObject({
  revision: operator.describe('the absolute change of a value that was known before'),
  than: number.min(0),
  ahead: z.boolean().default(true).describe('true: only points that lie ahead when the revision becomes known'),
})

const withdrawalCondition = z.strictObject({
  withdrawn: z.enum(['ahead', 'any']).describe('ahead: only values that lie ahead when upstream takes them back'),
})

/** What becomes of a window: `late` holds until it is complete, the others happen once. */
const windowCondition = z.strictObject({ becomes: z.enum(['published', 'late', 'retracted']) })

/** A query of the store: each row of its answer is an instance that alerts. */
const queryCondition = z.strictObject({
  sql: z
    .string()
    .trim()
    .min(1)
    .max(10_000)
    .describe('a SELECT with the column `key`, and perhaps `value` and `detail`'),
  every: duration
    .refine((text) => durationMs(text) >= 15_000 && durationMs(text) <= dayMs, 'must be from PT15S to P1D')
    .default('PT1M')
    .describe('how often the store is asked'),
})

/** The name that each form of a condition has. */
const forms = ['value', 'all', 'any', 'revision', 'withdrawn', 'becomes', 'sql']
const isObject = (written: unknown): written is object =>
  typeof written === 'object' && written !== null && !Array.isArray(written)
const formsOf = (written: unknown): string[] => (isObject(written) ? forms.filter((form) => form in written) : [])

/** Several conditions on values. What else stands in the list is refused with what to write. */
const joined = (join: 'all' | 'any') => {
  const refused = (form: string | undefined): string => {
    if (form === undefined) return 'is not a condition on a value: write { "value": ">", "than": 100 }'
    if (form === join) return `\`${form}\` stands in \`${join}\`: write its conditions into the outer list`
    if (form === 'all' || form === 'any')
      return `\`${form}\` cannot stand in \`${join}\`: save a rule for each alternative, with \`all\` in each`
    return `\`${join}\` joins conditions on values: save \`${form}\` as a rule of its own`
  }
  const member = z.unknown().superRefine((written, context) => {
    const found = formsOf(written)
    if (!isObject(written) || (found.length === 1 && found[0] === 'value')) return
    context.addIssue({ code: 'custom', message: refused(found.find((form) => form !== 'value')) })
  })
  return z.array(member.pipe(pointCondition)).min(1).max(8)
}

const condition = z
  .unknown()
  .superRefine((written, context) => {
    if (!isObject(written)) return
    const found = formsOf(written)
    const message =
      found.length === 0
        ? `has none of ${forms.map((form) => `\`${form}\``).join(', ')}: docs/alerts.md has a table of conditions`
        : found.includes('all') && found.includes('any')
          ? '`all` and `any` cannot stand side by side: save a rule for each alternative, with `all` in each'
          : undefined
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })
  .pipe(
    z.union([
      z.strictObject({ all: joined('all') }),
      z.strictObject({ any: joined('any') }),
      pointCondition,
      revisionCondition,
      withdrawalCondition,
      windowCondition,
      queryCondition,
    ]),
  )

export type RevisionCondition = z.infer<typeof revisionCondition>
export type WithdrawalCondition = z.infer<typeof withdrawalCondition>
export type WindowCondition = z.infer<typeof windowCondition>
export type QueryCondition = z.infer<typeof queryCondition>

/** What stands in place of a dataset in the transitions of rules with a query. No dataset has that name. */
export const queryDataset = 'sql'
const ofQuery = { dataset: queryDataset, key: '*', labels: {} }

export const ruleId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be small letters, digits and hyphens, at most 63')

const defaultShare = 0.8

const ruleObject = z.strictObject({
  id: ruleId,
  title: line(200),
  owner: line(100).describe('who is asked about the rule'),
  severity: z.enum(['info', 'warning', 'critical']).default('warning'),
  of: selectorSchema,
  when: condition,
  for: duration.optional().describe('how long the condition holds before the rule fires'),
  times: z
    .strictObject({ of: z.int().min(2).max(31), atLeast: z.int().min(1).max(31) })
    .refine(({ of, atLeast }) => atLeast <= of, '`atLeast` cannot be above `of`')
    .optional()
    .describe('of the newest points, how many meet the condition'),
  keepFiringFor: duration.optional().describe('how long the rule fires on after the condition ceased to hold'),
  clearAt: number.optional().describe('hysteresis: a rule that fires goes on until the value passes this'),
  maxAge: duration
    .refine((text) => durationMs(text) <= 31 * dayMs, 'must be P31D at most')
    .optional()
    .describe('points that become known later than that never alert'),
  minShare: z
    .number()
    .min(0.1)
    .max(1)
    .default(defaultShare)
    .describe('share of the samples of a window that must be there'),
  tell: z.array(line(100)).max(20).default([]).describe('ids of endpoints'),
})

const checkedRule = ruleObject.superRefine((rule, context) => {
  const { when, clearAt } = rule
  const refuse = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message })
  if (isQuery(when)) {
    for (const path of whatQueriesLack(rule)) refuse(path, lacking[path])
  } else if (clearAt !== undefined) {
    if (!('value' in when)) return refuse('clearAt', 'is for a rule with one condition on a value')
    const isRight = when.value === '>' || when.value === '>=' ? clearAt <= when.than : clearAt >= when.than
    if (!isRight)
      refuse('clearAt', `must lie on the other side of ${when.than}, or the rule would resolve while it holds`)
  }
})

const lacking = {
  of: 'is for conditions on series: a query names its tables itself',
  times: 'is for conditions on values: let the query count',
  clearAt: 'is for conditions on values: let the query return a row for as long as it alerts',
  maxAge: 'is for conditions on values: let the query ask for new rows alone',
  minShare: 'is for windows of values: let the query count',
}

function whatQueriesLack({ of, times, clearAt, maxAge, minShare }: z.infer<typeof ruleObject>) {
  const isOwn = of.dataset === ofQuery.dataset && of.key === '*' && Object.keys(of.labels).length === 0
  const lacks = {
    ...{ of: !isOwn, times: times !== undefined, clearAt: clearAt !== undefined, maxAge: maxAge !== undefined },
    minShare: minShare !== defaultShare,
  }
  return (Object.keys(lacking) as (keyof typeof lacking)[]).filter((path) => lacks[path])
}

/** A rule with a query is written without `of`. */
function withOf(written: unknown): unknown {
  if (typeof written !== 'object' || written === null || 'of' in written || !('when' in written)) return written
  const { when } = written
  return typeof when === 'object' && when !== null && 'sql' in when ? { ...written, of: ofQuery } : written
}

/** What a rule says. `checkRule` says whether the series that it names can ever meet it. */
export const ruleSchema = z.preprocess(withOf, checkedRule)

/** A rule as people write it, with all defaults. */
export type Rule = z.infer<typeof ruleSchema>

/** A rule as it was at one time. A change of the rule is a greater version. */
export interface RuleVersion {
  rule: Rule
  version: number
}

export const isRevision = (when: Rule['when']): when is RevisionCondition => 'revision' in when
export const isWithdrawal = (when: Rule['when']): when is WithdrawalCondition => 'withdrawn' in when
export const isOfWindows = (when: Rule['when']): when is WindowCondition => 'becomes' in when
export const isQuery = (when: Rule['when']): when is QueryCondition => 'sql' in when

/** Returns the conditions that each point meets or does not, and how they are joined. */
export function pointConditions(when: Rule['when']): { of: PointCondition[]; join: 'all' | 'any' } {
  if (isRevision(when) || isWithdrawal(when) || isOfWindows(when) || isQuery(when)) return { of: [], join: 'all' }
  if ('all' in when) return { of: when.all, join: 'all' }
  if ('any' in when) return { of: when.any, join: 'any' }
  return { of: [when], join: 'all' }
}

/** Returns the lengths of the windows that a rule looks at, ms. */
export const windowsOf = ({ when }: Rule): number[] =>
  pointConditions(when).of.flatMap((condition) =>
    condition.to !== undefined && 'window' in condition.to ? [durationMs(condition.to.window)] : [],
  )

/** Returns whether a selector takes a series. Labels that are not known yet do not match. */
export function selects(
  { dataset, key, labels }: Selector,
  series: { dataset: string; key: string; labels: Readonly<Record<string, string>> },
): boolean {
  return (
    matches(dataset, series.dataset) &&
    matches(key, series.key) &&
    Object.entries(labels).every(([name, value]) => {
      return Object.hasOwn(series.labels, name) && matches(value, series.labels[name] as string)
    })
  )
}

/** Compares by greedy search for the pieces between the stars, in linear time. */
export function matches(pattern: string, text: string): boolean {
  const pieces = pattern.split('*')
  if (pieces.length === 1) return pattern === text
  const first = pieces[0] as string
  const last = pieces.at(-1) as string
  if (!text.startsWith(first)) return false
  let from = first.length
  for (const piece of pieces.slice(1, -1)) {
    const at = text.indexOf(piece, from)
    if (at < 0) return false
    from = at + piece.length
  }
  return text.length - last.length >= from && text.endsWith(last)
}

/** Returns the series with which a rule compares. */
export const referencesOf = ({ when }: Rule): { dataset: string; key: string }[] =>
  pointConditions(when).of.flatMap(({ to }) =>
    to !== undefined && 'dataset' in to ? [{ dataset: to.dataset, key: to.key }] : [],
  )
