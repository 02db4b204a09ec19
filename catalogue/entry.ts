import { topicsOf } from '#core/source-topics.ts'
import type { Dataset, DeclaredStep, Source } from '#sources/source.ts'
import { calendarWords, dueWords } from './words.ts'

/** All that is declared of a dataset, flat: what the table `datasets`, docs/catalogue.md and the command show. */
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
  /** In words. */
  calendar: string
  /** The same in few letters. */
  due: string
  /** Oldest first. */
  steps: DeclaredStep[]
  keyPattern: string
  keyExample: string
  /** What each label of a key says. */
  labels: Record<string, string>
  plausibleMin: number | null
  plausibleMax: number | null
  expectations: string[]
  /** Days that answers are kept; null: for ever. */
  rawDays: number | null
  timeseriesDays: number | null
  transformVersion: number
  /** Whether an answer was ever recorded, or is known from documents only. */
  shape: 'recorded' | 'documented'
  /** Whether new windows are looked for unasked. */
  live: boolean
  /** Whether the past month is fetched unasked. */
  pastMonth: boolean
  /** The friendly view; null: it has none. */
  view: string | null
  /** Topics of its source; all start with its name and a dot. */
  topics: string[]
  /** First business day that upstream has, YYYY-MM-DD; null where days are not how it is published. */
  firstDay: string | null
}

/** Every declared dataset, in the order of the declarations. */
export const entriesOf = (sources: readonly Source[]): CatalogueEntry[] =>
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
    calendar: calendarWords(calendar),
    due: dueWords(calendar),
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
    live: asking?.live ?? false,
    pastMonth: asking?.pastMonth ?? false,
    view: dataset.view?.name ?? null,
    topics: topicsOf(source).map(({ name }) => name),
    firstDay: calendar.kind === 'days' ? calendar.firstDay : null,
  }
}
