import { isDeepStrictEqual } from 'node:util'
import type { CatalogueEntry } from './entry.ts'
import { describeSteps, durationWords, keptWords } from './words.ts'

/** What an earlier release declared of a dataset. A field that it did not know yet is absent, and is not compared. */
export type EarlierEntry = Pick<CatalogueEntry, 'dataset'> & Partial<CatalogueEntry>

export interface Change {
  dataset: string
  /** `unit`, `key pattern`; null: the dataset itself is new or gone. */
  what: string | null
  /** Null: there was nothing. */
  from: string | null
  /** Null: there is nothing. */
  to: string | null
}

export interface CatalogueDiff {
  /** A program that read the earlier catalogue may fail, or read something else than it means to. */
  breaking: Change[]
  additive: Change[]
}

/**
 * Compares what is declared with what an earlier release declared. Breaking: a dataset, view, topic or label is gone; the
 * unit, a step, the zone, the window or the key pattern changed; less is promised (schedule, deadline, grace, first day,
 * retention), or the transform version went back. Everything else is additive. In the order of datasets. Pure.
 */
export function diffCatalogues(earlier: readonly EarlierEntry[], now: readonly CatalogueEntry[]): CatalogueDiff {
  const was = new Map(earlier.map((entry) => [entry.dataset, entry]))
  const is = new Map(now.map((entry) => [entry.dataset, entry]))
  const found: CatalogueDiff = { breaking: [], additive: [] }
  for (const dataset of [...new Set([...was.keys(), ...is.keys()])].toSorted()) {
    const [before, after] = [was.get(dataset), is.get(dataset)]
    if (before === undefined) found.additive.push({ dataset, what: null, from: null, to: after?.title ?? null })
    else if (after === undefined) found.breaking.push({ dataset, what: null, from: before.title ?? dataset, to: null })
    else addChanges(found, before, after)
  }
  return found
}

type Field = Exclude<keyof CatalogueEntry, 'dataset'>

/** How a changed field is named and said. `isBreaking` is asked only if the field changed. Absent: never. */
interface Rule<F extends Field> {
  what: string
  words?: (value: CatalogueEntry[F]) => string | null
  isBreaking?: (from: CatalogueEntry[F], to: CatalogueEntry[F]) => boolean
}

const always = (): boolean => true
const isShorter = (from: number | null, to: number | null): boolean => to !== null && (from === null || to < from)
const isLacking = (from: readonly string[], to: readonly string[]): boolean => from.some((each) => !to.includes(each))
const listed = (texts: readonly string[]): string | null => (texts.length === 0 ? null : texts.join(', '))
const named = (texts: Record<string, string>): string | null =>
  listed(Object.entries(texts).map(([name, text]) => `${name} (${text})`))
const schedules = ['off', 'on-demand', 'auto']

/** One rule a field, in the order in which changes are said. */
const rules: { [F in Field]: Rule<F> } = {
  source: { what: 'source', isBreaking: always },
  unit: { what: 'unit', isBreaking: always },
  steps: { what: 'step', words: describeSteps, isBreaking: always },
  keyPattern: { what: 'key pattern', isBreaking: always },
  labels: { what: 'labels', words: named, isBreaking: (from, to) => isLacking(Object.keys(from), Object.keys(to)) },
  zone: { what: 'zone', isBreaking: always },
  window: { what: 'window', isBreaking: always },
  view: { what: 'view', isBreaking: (from) => from !== null },
  topics: { what: 'topics', words: listed, isBreaking: isLacking },
  schedule: { what: 'schedule', isBreaking: (from, to) => schedules.indexOf(to) < schedules.indexOf(from) },
  autoBackfill: { what: 'backfilled by itself', isBreaking: (from) => from },
  expected: { what: 'expected', words: expectedWords, isBreaking: isLaterPromise },
  firstDay: { what: 'first day', isBreaking: (from, to) => from === null || to === null || to > from },
  rawDays: { what: 'answers kept', words: keptWords, isBreaking: isShorter },
  timeseriesDays: { what: 'slices kept', words: keptWords, isBreaking: isShorter },
  transformVersion: { what: 'transform version', isBreaking: (from, to) => to < from },
  calendar: { what: 'calendar' },
  due: { what: 'due' },
  shape: { what: 'shape' },
  title: { what: 'title' },
  description: { what: 'description' },
  owner: { what: 'owner' },
  terms: { what: 'terms of use' },
  termsLink: { what: 'link to the terms of use' },
  page: { what: 'page' },
  keyExample: { what: 'example of a key' },
  plausibleMin: { what: 'least plausible value' },
  plausibleMax: { what: 'greatest plausible value' },
  expectations: { what: 'expectations', words: listed },
  checks: { what: 'checks', words: named },
  acrossAnswers: { what: 'checks across answers', words: named },
}

function addChanges(found: CatalogueDiff, before: EarlierEntry, after: CatalogueEntry): void {
  for (const field of Object.keys(rules) as Field[]) addChange(found, before, after, field)
}

function addChange<F extends Field>(found: CatalogueDiff, before: EarlierEntry, after: CatalogueEntry, field: F): void {
  const from = before[field] as CatalogueEntry[F] | undefined
  const to: CatalogueEntry[F] = after[field]
  if (from === undefined || isDeepStrictEqual(from, to)) return
  const { what, words = plain, isBreaking }: Rule<F> = rules[field]
  const change: Change = { dataset: after.dataset, what, from: words(from), to: words(to) }
  found[isBreaking?.(from, to) ? 'breaking' : 'additive'].push(change)
}

const plain = (value: unknown): string | null => (value === null ? null : `${value}`)

function expectedWords(expected: CatalogueEntry['expected']): string | null {
  if (expected === null) return null
  if ('notKnown' in expected) return `not known: ${expected.notKnown}`
  const { expectedBy, lateAfterS, exceptions = [] } = expected
  const planned = exceptions.map(({ from, to, why }) => `; ${from} to ${to}: ${why}`)
  return `by ${expectedBy}, late ${durationWords(lateAfterS)} after that${planned.join('')}`
}

/** True: a window may come later than before without being late. A planned exception is announced, and breaks nothing. */
function isLaterPromise(from: CatalogueEntry['expected'], to: CatalogueEntry['expected']): boolean {
  if (from === null || 'notKnown' in from) return false
  if (to === null || 'notKnown' in to) return true
  return to.expectedBy > from.expectedBy || lateBy(to) > lateBy(from)
}

function lateBy({ expectedBy, lateAfterS }: { expectedBy: string; lateAfterS: number }): number {
  const [hours = 0, minutes = 0] = expectedBy.split(':').map(Number)
  return hours * 3_600 + minutes * 60 + lateAfterS
}
