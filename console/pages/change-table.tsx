import { hrefTo } from '../address.ts'
import type { Change, Dataset } from '../api/records.ts'
import { useAnswer } from '../api/request.ts'
import { dayAt, minuteText, secondText } from '../local-time.ts'
import { valueText } from '../value-text.ts'
import { type ChangeGroup, groupsOf, nameOfChange } from './change-groups.ts'
import { seriesState } from './page-states.ts'

/** Changes, one a row. The time leads to the series, with the point open. */
export function ChangeTable({
  rows,
  tz,
  unitOf,
  max = Number.POSITIVE_INFINITY,
}: {
  rows: Change[]
  tz: string
  unitOf: (dataset: string) => string
  /** Most lines that are shown. */
  max?: number
}) {
  return (
    <div class="scroll">
      <table class="cards">
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
          {groupsOf(rows)
            .slice(0, max)
            .map((group) => (
              <ChangeRow key={nameOfChange(group.row)} {...group} tz={tz} unit={unitOf(group.row.dataset)} />
            ))}
        </tbody>
      </table>
    </div>
  )
}

function ChangeRow({ row, last, count, tz, unit }: ChangeGroup & { tz: string; unit: string }) {
  const ms = Date.parse(row.ts)
  const day = dayAt(ms, tz)
  const knownAt = Date.parse(row.known_at)
  const href = hrefTo('/series', seriesState, {
    ...{ s: [`${row.dataset}/${row.key}`], from: day, to: day, tz, point: ms, known: knownAt },
  })
  return (
    <tr>
      <td>{secondText(knownAt, tz)}</td>
      <td>{row.dataset}</td>
      <td>{row.key}</td>
      <td>
        <a href={href}>{minuteText(ms, tz)}</a>
        {count > 1 && (
          <span class="faint">
            {' '}
            to {minuteText(Date.parse(last), tz)} ({count} times)
          </span>
        )}
      </td>
      <td class="number">{count > 1 ? '' : valueText(row.previous_value)}</td>
      <td class="number">
        {row.value === null ? '' : valueText(row.value)} <span class="faint">{row.value === null ? '' : unit}</span>
      </td>
      <td class="number">{changeText(row)}</td>
    </tr>
  )
}

function changeText(row: Change): string {
  if (row.flags.includes('withdrawn')) return 'withdrawn'
  if (row.size !== null) return signed(row)
  return row.value === null ? 'published empty' : 'published late'
}

function signed({ value, previous_value: before }: Change): string {
  const change = (value ?? 0) - (before ?? 0)
  return `${change > 0 ? '+' : ''}${valueText(change)}`
}

/** Returns the unit of a dataset; empty until it is known. */
export function useUnits(): (dataset: string) => string {
  const datasets = useAnswer<{ data: Dataset[] }>('datasets')
  if (datasets.state !== 'ready') return () => ''
  const units = new Map(datasets.value.data.map(({ dataset, unit }) => [dataset, unit]))
  return (dataset) => units.get(dataset) ?? ''
}
