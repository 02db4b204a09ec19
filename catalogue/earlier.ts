import { z } from 'zod'
import type { EarlierEntry } from './diff.ts'

const texts = z.record(z.string(), z.string())
const list = z.array(z.string())
const numberOrNull = z.number().nullable()
const textOrNull = z.string().nullable()

const exception = z.object({
  ...{ from: z.string(), to: z.string(), why: z.string(), effect: z.enum(['later', 'not-expected']) },
})
const expected = z.union([
  z.object({ notKnown: z.string() }),
  z.object({ expectedBy: z.string(), lateAfterS: z.number(), exceptions: z.array(exception).optional() }),
])

/** What is compared of an entry. An earlier release may lack fields, and a later one may have more. */
const entries = z.array(
  z
    .object({
      ...{ source: z.string(), title: z.string(), description: z.string(), owner: z.string(), terms: z.string() },
      ...{ termsLink: z.string(), page: z.string(), unit: z.string(), zone: z.string(), calendar: z.string() },
      ...{ due: z.string(), keyPattern: z.string(), keyExample: z.string(), labels: texts, view: textOrNull },
      window: z.enum(['day', 'hour', 'month', 'tick', 'file']),
      steps: z.array(z.object({ fromMs: z.number(), stepS: z.number() })),
      ...{ plausibleMin: numberOrNull, plausibleMax: numberOrNull, expectations: list, checks: texts },
      ...{ acrossAnswers: texts, rawDays: numberOrNull, timeseriesDays: numberOrNull },
      ...{ transformVersion: z.number(), shape: z.enum(['recorded', 'documented']), topics: list },
      ...{ schedule: z.enum(['auto', 'on-demand', 'off']), autoBackfill: z.boolean() },
      ...{ expected: expected.nullable(), firstDay: textOrNull },
    })
    .partial()
    .extend({ dataset: z.string() }),
)

/**
 * Reads a catalogue that an earlier release wrote: docs/catalogue.json, or what `catalogue --json` printed.
 * @throws Error that says in a few words what is wrong, and where
 */
export function parseCatalogue(text: string): EarlierEntry[] {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    throw new Error(`it is not JSON: ${(error as Error).message}`)
  }
  const read = entries.safeParse(document)
  // JSON has no undefined: an absent field is absent.
  if (read.success) return read.data as EarlierEntry[]
  const [issue] = read.error.issues
  throw new Error(`${issue?.path.join('.') || 'the document'}: ${issue?.message}`)
}
