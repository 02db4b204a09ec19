import { hrefTo } from '../address.ts'
import type { Change, Dataset } from '../api/records.ts'
import { useAnswer } from '../api/request.ts'
import { dayAt, minuteText, secondText, withoutDay } from '../local-time.ts'
import { valueText } from '../value-text.ts'
import { type ChangeGroup, countText, nameOfChange } from './change-groups.ts'
import { seriesState } from './page-states.ts'

/** Changes, one group a row. The time leads to the series, with the point open. */
export function ChangeTable({
  groups,
  tz,
  unitOf,
}: {
  groups: readonly ChangeGroup[]
  tz: string
  unitOf: (dataset: string) => string
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
          {groups.map((group) => (
            <ChangeRow key={nameOfChange(group.row)} group={group} tz={tz} unit={unitOf(group.row.dataset)} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function ChangeRow({ group, tz, unit }: { group: ChangeGroup; tz: string; unit: string }) {
  const { row, first, last, count } = group
  const ms = Date.parse(row.ts)
  const [firstMs, lastMs] = [Date.parse(first), Date.parse(last)]
  const knownAt = Date.parse(row.known_at)
  const href = hrefTo('/series', seriesState, {
    ...{ s: [`${row.dataset}/${row.key}`], from: dayAt(firstMs, tz), to: dayAt(lastMs, tz), tz },
    ...{ point: ms, known: knownAt },
  })
  // Values that went have no number before or after that could be the largest.
  const isLost = count > 1 && row.value === null
  return (
    <tr>
      <td>{secondText(knownAt, tz)}</td>
      <td>{row.dataset}</td>
      <td>{row.key}</td>
      <td>
        {count === 1 ? (
          <a href={href}>{minuteText(ms, tz)}</a>
        ) : (
          <>
            <a href={href}>{countText(group)}</a>{' '}
            <span class="faint">
              {minuteText(firstMs, tz)} to {withoutDay(minuteText(lastMs, tz), firstMs, tz)}
              {!isLost && `, most at ${withoutDay(minuteText(ms, tz), firstMs, tz)}`}
            </span>
          </>
        )}
      </td>
      <td class="number">{isLost ? '' : valueText(row.previous_value)}</td>
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
