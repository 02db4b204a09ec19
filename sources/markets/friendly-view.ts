/** Market and metric of a key, in SQL: the metric is what stands behind the last dot. */
export const marketSql = (key: string): string => `left(${key}, length(${key}) - position(reverse(${key}), '.'))`
export const metricSql = (key: string): string => `right(${key}, position(reverse(${key}), '.') - 1)`

/** The friendly view of a ticker's dataset: one row a sample. A `key` or a span of `ts` makes it fast. */
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
