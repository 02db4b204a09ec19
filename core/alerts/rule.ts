// What an alert rule says. A rule is data: by file, command, API or page, it is the same.
import { z } from 'zod'

/** A length of time: PT90S, PT1H, P1D. At least a second. */
const duration = z
  .string()
  .regex(
    /^P(?=\d|T\d)(\d{1,3}D)?(T(?=\d)(\d{1,3}H)?(\d{1,4}M)?(\d{1,5}S)?)?$/,
    'a length of time such as PT1H, PT90S or P1D',
  )

/** Returns the ms of a length of time. Pure. @throws RangeError if the text is none */
export const durationMs = (text: string): number => Temporal.Duration.from(text).total({ unit: 'millisecond' })

const number = z.number().finite()
const comparison = z.enum(['>', '>=', '<', '<='])

/** Aggregates of a sliding window, which does not contain the point itself. */
export const aggregates = ['avg', 'min', 'max', 'sum', 'stddev', 'count', 'first', 'last'] as const

const minWindowMs = 60_000
const maxWindowMs = 7 * 86_400_000

const windowLength = duration.refine((text) => durationMs(text) >= minWindowMs && durationMs(text) <= maxWindowMs, {
  message: 'a window has a length from PT1M to P7D',
})

/** The series that a rule is about. Texts may have `*`. */
export const selectorSchema = z
  .strictObject({
    dataset: z.string().min(1).max(200).describe('such as jao.core.maxExchanges, or kraken.*'),
    key: z.string().min(1).max(300).default('*').describe('such as border_AT_BE, or *.last'),
    labels: z.record(z.string().max(60), z.string().max(120)).default({}).describe('such as { "from": "AT" }'),
  })
  .describe('which series; a rule has an instance for each')

/** With what a value is compared. */
const reference = z.union([
  z.strictObject({ window: windowLength, of: z.enum(aggregates) }),
  z.strictObject({ series: z.strictObject({ dataset: z.string().max(200), key: z.string().max(300) }) }),
  z.strictObject({ knownBefore: duration.describe('what was known of the same point this long ago') }),
])

const valueCondition = z.strictObject({
  value: comparison,
  than: number,
})

const relativeCondition = z.strictObject({
  value: comparison,
  than: number,
  as: z.enum(['ratio', 'difference', 'percent']),
  to: reference,
})

const revisionCondition = z.strictObject({
  revision: comparison.describe('the absolute change of a value that was published before'),
  than: number.min(0),
  ahead: z.boolean().default(true).describe('true: of windows that have not ended alone'),
})

/** What became of a window. */
const windowCondition = z.strictObject({ window: z.enum(['published', 'late', 'retracted', 'withdrawn']) })

const condition = z.union([relativeCondition, valueCondition, revisionCondition, windowCondition])

export type Condition = z.infer<typeof condition>

export const ruleSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'small letters, digits and hyphens'),
  title: z.string().trim().min(1).max(200),
  owner: z.string().trim().min(1).max(100),
  severity: z.enum(['info', 'warning', 'critical']).default('warning'),
  of: selectorSchema,
  when: z.union([
    condition,
    z.strictObject({ all: z.array(condition).min(1).max(8) }),
    z.strictObject({ any: z.array(condition).min(1).max(8) }),
  ]),
  for: duration.optional().describe('how long the condition holds before the alert fires'),
  times: z
    .strictObject({ of: z.int().min(1).max(1_000), atLeast: z.int().min(1).max(1_000) })
    .optional()
    .describe('of the newest points, how many meet the condition'),
  keepFiringFor: duration.optional(),
  clearAt: number.optional().describe('hysteresis: the alert resolves where the value passes this'),
  maxAge: duration.optional().describe('older points never page'),
  minShare: z.number().min(0.1).max(1).default(0.8).describe('share of the samples of a window that must be there'),
  tell: z.array(z.string().min(1).max(100)).max(20).default([]).describe('names of endpoints'),
})

export type Rule = z.infer<typeof ruleSchema>
