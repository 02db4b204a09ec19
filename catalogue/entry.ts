import { topicsOf } from '#core/source-topics.ts'
import type { BusinessDays } from '#sources/calendar.ts'
import type { Dataset, DeclaredStep, Schedule, Source } from '#sources/source.ts'
import { describeCalendar, describeDue } from './words.ts'

/** A dataset's declaration as a flat record: for table `datasets`, docs/catalogue.md and the command line. */
export interface CatalogueEntry {
  dataset: string
  source: string
  title: string
  description: string
  owner: string
  terms: string
  termsLink: string
  page: string
  unit: string
  zone: string
  /** What upstream publishes as one unit. */
  window: 'day' | 'hour' | 'month' | 'tick' | 'file'
  calendar: string
  /** The calendar in short: `daily, 09:00 D-1`. D-1 is the local day before delivery. */
  due: string
  steps: DeclaredStep[]
  keyPattern: string
  keyExample: string
  labels: Record<string, string>
  plausibleMin: number | null
  plausibleMax: number | null
  expectations: string[]
  /** The sentence of each check, by its flag. */
  checks: Record<string, string>
  /** The sentence of each check across answers, by its name. */
  acrossAnswers: Record<string, string>
  /** Retention of topic `<source>.raw`, days. Null: unlimited. */
  rawDays: number | null
  /** Retention of topic `<source>.timeseries`, days. Null: unlimited. */
  timeseriesDays: number | null
  transformVersion: number
  /** `recorded`: known from an answer that was recorded. `documented`: known only from upstream's documentation. */
  shape: 'recorded' | 'documented'
  /** Decides which windows are polled automatically. */
  schedule: Schedule
  /** True: the poller fetches the last BACKFILL_DAYS days automatically. */
  autoBackfill: boolean
  view: string | null
  topics: string[]
  /** By when a window is expected, or why that is not known. Null if the dataset has ticks or comes in files. */
  expected: BusinessDays['expected'] | null
  /** First business day that upstream has, YYYY-MM-DD. Null if the dataset has ticks or comes in files. */
  firstDay: string | null
}

export const catalogueEntries = (sources: readonly Source[]): CatalogueEntry[] =>
  sources.flatMap((source) => source.datasets.map((dataset) => entryOf(source, dataset)))

export function entryOf(source: Source, dataset: Dataset): CatalogueEntry {
  const { calendar, asking, keys, plausible, nullMeans, keysVary, checks = [], acrossAnswers = [] } = dataset
  return {
    dataset: dataset.name,
    source: source.name,
    title: dataset.title,
    description: dataset.description,
    owner: source.owner,
    terms: source.licence.terms,
    termsLink: source.licence.link,
    page: dataset.page,
    unit: dataset.unit,
    zone: calendar.zone,
    window: calendar.kind === 'days' ? calendar.window : calendar.kind === 'ticks' ? 'tick' : 'file',
    calendar: describeCalendar(calendar),
    due: describeDue(calendar),
    steps: dataset.steps,
    keyPattern: keys.pattern,
    keyExample: keys.example,
    labels: keys.labels,
    plausibleMin: plausible?.min ?? null,
    plausibleMax: plausible?.max ?? null,
    expectations: [
      ...dataset.expectations,
      ...(nullMeans === undefined ? [] : [`a null is an answer: ${nullMeans}`]),
      ...(keysVary === undefined ? [] : [`the number of keys varies: ${keysVary}`]),
    ],
    checks: Object.fromEntries(checks.map(({ flag, text }) => [flag, text])),
    acrossAnswers: Object.fromEntries(acrossAnswers.map(({ check, text }) => [check, text])),
    rawDays: source.retention?.rawDays ?? null,
    timeseriesDays: source.retention?.timeseriesDays ?? null,
    transformVersion: dataset.transformVersion,
    shape: dataset.shape,
    schedule: dataset.schedule,
    autoBackfill: asking?.autoBackfill ?? false,
    view: dataset.view?.name ?? null,
    topics: topicsOf(source).map(({ name }) => name),
    expected: calendar.kind === 'days' ? calendar.expected : null,
    firstDay: calendar.kind === 'days' ? calendar.firstDay : null,
  }
}
