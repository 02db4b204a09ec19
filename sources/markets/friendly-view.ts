export const marketSql = (key: string): string => `left(${key}, length(${key}) - position(reverse(${key}), '.'))`
export const metricSql = (key: string): string => `right(${key}, position(reverse(${key}), '.') - 1)`

/** The view of a ticker dataset, one row per sample. A query without a filter on `key` or `ts` reads everything. */
export function tickerView(dataset: string): { name: string; select: string } {
  return {
    name: dataset.replaceAll('.', '_'),
    select: `
      SELECT ts,
             ${marketSql('key')} AS market,
             ${metricSql('key')} AS metric,
             value,
             known_at,
             key
      FROM tidemark.latest
      WHERE dataset = '${dataset}'`,
  }
}
