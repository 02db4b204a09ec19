import { topicsOf } from '#core/source-topics.ts'
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
  calendar: string
  /** Short form of the calendar, for lists: `daily, 09:00 D-1`. */
  due: string
  steps: DeclaredStep[]
  keyPattern: string
  keyExample: string
  labels: Record<string, string>
  plausibleMin: number | null
  plausibleMax: number | null
  expectations: string[]
  /** Retention of the raw topic and of the slices' topic in days; null: unlimited. */
  rawDays: number | null
  timeseriesDays: number | null
  transformVersion: number
  /** `recorded` if samples are real upstream responses, `documented` if they are only known from documentation. */
  shape: 'recorded' | 'documented'
  schedule: Schedule
  /** Whether the poller fetches the last BACKFILL_DAYS days by itself. */
  autoBackfill: boolean
  view: string | null
  topics: string[]
  /** First business day that upstream has, YYYY-MM-DD; null unless published by days. */
  firstDay: string | null
}

export const catalogueEntries = (sources: readonly Source[]): CatalogueEntry[] =>
  sources.flatMap((source) => source.datasets.map((dataset) => entryOf(source, dataset)))

function entryOf(source: Source, dataset: Dataset): CatalogueEntry {
  const { calendar, asking, keys, plausible, nullMeans } = dataset
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
    calendar: describeCalendar(calendar),
    due: describeDue(calendar),
    steps: dataset.steps,
    keyPattern: keys.pattern,
    keyExample: keys.example,
    labels: keys.labels,
    plausibleMin: plausible?.min ?? null,
    plausibleMax: plausible?.max ?? null,
    expectations: [...dataset.expectations, ...(nullMeans === undefined ? [] : [`a null is an answer: ${nullMeans}`])],
    rawDays: source.retention?.rawDays ?? null,
    timeseriesDays: source.retention?.timeseriesDays ?? null,
    transformVersion: dataset.transformVersion,
    shape: dataset.shape,
    schedule: dataset.schedule,
    autoBackfill: asking?.autoBackfill ?? false,
    view: dataset.view?.name ?? null,
    topics: topicsOf(source).map(({ name }) => name),
    firstDay: calendar.kind === 'days' ? calendar.firstDay : null,
  }
}
