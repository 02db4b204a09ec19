import { isDeepStrictEqual } from 'node:util'
import { type CatalogueEntry, catalogueEntries } from '#catalogue/entry.ts'
import { database, insert, type Store } from '#platform/clickhouse/client.ts'
import type { Source } from '#sources/source.ts'

/** Writes changed declarations to table `datasets` and marks removed datasets. Returns the names of both. */
export async function storeCatalogue(store: Store, sources: readonly Source[], nowMs = Date.now()): Promise<string[]> {
  const stored = new Map((await storedRows(store)).map((row) => [row.dataset, row]))
  const declared = catalogueEntries(sources).map(rowOf)
  const changed = declared.filter((row) => !isDeepStrictEqual(stored.get(row.dataset), row))
  const names = new Set(declared.map(({ dataset }) => dataset))
  const gone = [...stored.values()].filter((row) => row.declared && !names.has(row.dataset))
  const written = [...changed, ...gone.map((row) => ({ ...row, declared: false }))]
  const [first] = written
  if (first === undefined) return []
  const columns = Object.keys(first) as (keyof DatasetRow)[]
  const updatedAt = new Date(nowMs).toISOString()
  const rows = written.map((row) => [...columns.map((column) => row[column]), updatedAt])
  await insert(store, 'datasets', [...columns, 'updated_at'], rows)
  // Merges the table, which is tiny, so that queries without FINAL are right, too.
  await store.command({ query: `OPTIMIZE TABLE ${database}.datasets FINAL` })
  return written.map(({ dataset }) => dataset)
}

type DatasetRow = ReturnType<typeof rowOf>

function rowOf(entry: CatalogueEntry) {
  return {
    dataset: entry.dataset,
    source: entry.source,
    title: entry.title,
    description: entry.description,
    owner: entry.owner,
    terms: entry.terms,
    terms_link: entry.termsLink,
    page: entry.page,
    unit: entry.unit,
    zone: entry.zone,
    calendar: entry.calendar,
    steps: entry.steps.map(({ fromMs, stepS }) => ({ since: secondText(fromMs), step_s: stepS })),
    key_pattern: entry.keyPattern,
    key_example: entry.keyExample,
    labels: entry.labels,
    plausible_min: entry.plausibleMin,
    plausible_max: entry.plausibleMax,
    expectations: entry.expectations,
    // The names of both are distinct: catalogue/check-declarations.ts.
    checks: { ...entry.checks, ...entry.acrossAnswers },
    raw_days: entry.rawDays,
    timeseries_days: entry.timeseriesDays,
    transform_version: entry.transformVersion,
    shape: entry.shape,
    live: entry.schedule === 'auto',
    past_month: entry.autoBackfill,
    view: entry.view ?? '',
    topics: entry.topics,
    first_day: entry.firstDay ?? '',
    declared: true,
  }
}

const secondText = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')

async function storedRows(store: Store): Promise<DatasetRow[]> {
  const result = await store.query({
    query: `SELECT * EXCEPT (updated_at) FROM ${database}.datasets FINAL`,
    format: 'JSONEachRow',
    clickhouse_settings: {
      date_time_output_format: 'simple',
      output_format_json_named_tuples_as_objects: 1,
      output_format_json_quote_64bit_floats: 0,
    },
  })
  return result.json<DatasetRow>()
}
