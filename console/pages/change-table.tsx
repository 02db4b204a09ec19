import { hrefTo } from '../address.ts'
import type { Change, Dataset } from '../api/records.ts'
import { useAnswer } from '../api/request.ts'
import { CardTable } from '../layout/card-table.tsx'
import type { Column } from '../layout/long-table.tsx'
import { Name } from '../layout/name.tsx'
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
  const columns: Column<ChangeGroup>[] = [
    { title: 'Known at', of: ({ row }) => secondText(Date.parse(row.known_at), tz) },
    { title: 'Dataset', of: ({ row }) => <Name of={row.dataset} /> },
    { title: 'Key', of: ({ row }) => <Name of={row.key} /> },
    { title: 'Time', of: (group) => <Time group={group} tz={tz} /> },
    {
      title: 'Before',
      isNumber: true,
      of: ({ row, count }) => (count > 1 && row.value === null ? '' : valueText(row.previous_value)),
    },
    {
      title: 'Now',
      isNumber: true,
      of: ({ row: { value, dataset } }) =>
        value !== null && (
          <>
            {valueText(value)} <span class="faint">{unitOf(dataset)}</span>
          </>
        ),
    },
    { title: 'Change', isNumber: true, of: ({ row }) => changeText(row) },
  ]
  return <CardTable rows={groups} columns={columns} nameOf={({ row }) => nameOfChange(row)} />
}

/** Leads to the series with the point open; of several times, with the largest change. */
function Time({ group, tz }: { group: ChangeGroup; tz: string }) {
  const { row, count } = group
  const ms = Date.parse(row.ts)
  const [firstMs, lastMs] = [Date.parse(group.first), Date.parse(group.last)]
  const href = hrefTo('/series', seriesState, {
    ...{ s: [`${row.dataset}/${row.key}`], from: dayAt(firstMs, tz), to: dayAt(lastMs, tz), tz },
    ...{ point: ms, known: Date.parse(row.known_at) },
  })
  if (count === 1) return <a href={href}>{minuteText(ms, tz)}</a>
  const most = row.value === null ? '' : `, most at ${withoutDay(minuteText(ms, tz), firstMs, tz)}`
  return (
    <>
      <a href={href}>{countText(group)}</a>{' '}
      <span class="faint">
        {minuteText(firstMs, tz)} to {withoutDay(minuteText(lastMs, tz), firstMs, tz)}
        {most}
      </span>
    </>
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
