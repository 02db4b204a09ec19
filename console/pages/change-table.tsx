import { hrefTo } from '../address.ts'
import type { Change, Dataset } from '../api/records.ts'
import { useAnswer } from '../api/request.ts'
import { dayAt, minuteText, secondText } from '../local-time.ts'
import { seriesState } from './page-states.ts'

/** Changes, one a row. The time leads to the series, with the point open. */
export function ChangeTable({ rows, tz, unitOf }: { rows: Change[]; tz: string; unitOf: (dataset: string) => string }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Known at</th>
            <th>Dataset</th>
            <th>Key</th>
            <th>Time</th>
            <th class="number">Before</th>
            <th class="number">Now</th>
            <th class="number">Change</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <ChangeRow
              key={`${row.dataset} ${row.key} ${row.ts} ${row.known_at}`}
              row={row}
              tz={tz}
              unit={unitOf(row.dataset)}
            />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function ChangeRow({ row, tz, unit }: { row: Change; tz: string; unit: string }) {
  const ms = Date.parse(row.ts)
  const day = dayAt(ms, tz)
  const knownAt = Date.parse(row.known_at)
  const href = hrefTo('/series', seriesState, {
    ...seriesState.parse(new URLSearchParams()),
    ...{ s: [`${row.dataset}/${row.key}`], from: day, to: day, tz, point: ms, known: knownAt },
  })
  return (
    <tr>
      <td>{secondText(knownAt, tz)}</td>
      <td>{row.dataset}</td>
      <td>{row.key}</td>
      <td>
        <a href={href}>{minuteText(ms, tz)}</a>
      </td>
      <td class="number">{valueText(row.previous_value)}</td>
      <td class="number">
        {valueText(row.value)} <span class="faint">{unit}</span>
      </td>
      <td class="number">
        {row.flags.includes('withdrawn')
          ? 'withdrawn'
          : row.size === null
            ? row.value === null
              ? 'to null'
              : 'from null'
            : signed(row)}
      </td>
    </tr>
  )
}

const number = new Intl.NumberFormat('en-US', { maximumFractionDigits: 6, useGrouping: false })

/** A value as text; null is a word, never 0. */
export const valueText = (value: number | null): string => (value === null ? 'null' : number.format(value))

function signed({ value, previous_value: before }: Change): string {
  const change = (value ?? 0) - (before ?? 0)
  return `${change > 0 ? '+' : ''}${number.format(change)}`
}

/** Returns the unit of a dataset; empty until it is known. */
export function useUnits(): (dataset: string) => string {
  const datasets = useAnswer<{ data: Dataset[] }>('datasets')
  if (datasets.state !== 'ready') return () => ''
  const units = new Map(datasets.value.data.map(({ dataset, unit }) => [dataset, unit]))
  return (dataset) => units.get(dataset) ?? ''
}
