const columnNames: Record<string, string> = { from: 'from_zone', to: 'to_zone' }

/** Name of the value column by unit. A dataset with another unit has the columns `value` and `unit`. */
const valueColumns: Record<string, string> = { MW: 'mw', 'EUR/MWh': 'eur_mwh', EUR: 'eur', factor: 'factor' }

/** The view of a dataset: delivery_start, a column per label, value, known_at. A label that the key lacks is null. */
export function deliveryView(dataset: string, labels: string[], unit: string): { name: string; select: string } {
  const column = (label: string): string => columnNames[label] ?? label
  const labelColumns = labels.map((label) => `nullIf(s.${column(label)}, '') AS ${column(label)},`)
  const value = valueColumns[unit]
  const valueSelect =
    value === undefined ? ['l.value AS value,', `nullIf(s.unit, '') AS unit,`] : [`l.value AS ${value},`]
  const inner = labels.map((label) => `labels['${label}'] AS ${column(label)}`)
  return {
    name: viewName(dataset),
    select: `
      SELECT l.ts AS delivery_start,
             ${[...labelColumns, ...valueSelect].join('\n             ')}
             l.known_at AS known_at
      FROM tidemark.latest AS l
      LEFT JOIN (
        SELECT ${['key', ...inner, ...(value === undefined ? ['unit'] : [])].join(', ')}
        FROM tidemark.series FINAL
        WHERE dataset = '${dataset}'
      ) AS s ON s.key = l.key
      WHERE l.dataset = '${dataset}'`,
  }
}

/** Returns the name of a dataset's view: jao_core_id_idcca_max_exchanges for jao.coreID.IDCCA_maxExchanges. */
export const viewName = (dataset: string): string =>
  dataset
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase()
