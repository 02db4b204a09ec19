// Which stored series a rule selects, and what they cost the alerter.
import { declaredSeries } from '#core/alerts/declared-series.ts'
import { type Rule, type RuleVersion, selects } from '#core/alerts/rule.ts'
import { SeriesWatch } from '#core/alerts/series-watch.ts'
import { readRows, type Store } from '#platform/clickhouse/client.ts'
import { UserError } from '#platform/process/user-error.ts'

export interface SeriesName {
  dataset: string
  key: string
}

/** Returns the stored series that a rule selects, by name. */
export async function selectedSeries(store: Store, { of }: Rule): Promise<SeriesName[]> {
  const rows = await readRows<SeriesName>(
    store,
    'SELECT DISTINCT dataset, key FROM tidemark.series ORDER BY dataset, key',
    {},
  )
  return rows.filter(({ dataset, key }) => {
    const series = declaredSeries(dataset, key)
    return series !== undefined && selects(of, series)
  })
}

const mebibyte = 1024 * 1024
const maxRuleBytes = 256 * mebibyte

/** Returns the memory that the alerter needs for the series of a rule, bytes. @throws UserError if it is too much */
export async function checkRuleMemory(store: Store, rule: Rule): Promise<number> {
  const selected = await selectedSeries(store, rule)
  const version: RuleVersion = { rule, version: 1 }
  let bytes = 0
  for (const [dataset, names] of Map.groupBy(selected, (series) => series.dataset)) {
    const series = declaredSeries(dataset, names[0]?.key ?? '')
    if (series === undefined || series.steps.length === 0) continue
    bytes +=
      names.length *
      new SeriesWatch(series, [version], {
        toldOf: () => undefined,
        otherPoints: () => undefined,
        needsReload: () => undefined,
      }).bytes
  }
  if (bytes <= maxRuleBytes) return bytes
  const needed = `${Math.round(bytes / mebibyte)} MiB for ${selected.length} series`
  throw new UserError(
    `The rule ${rule.id} is refused: it needs ${needed}, and a rule may take ${maxRuleBytes / mebibyte} MiB: name fewer series, or a shorter window.`,
  )
}
