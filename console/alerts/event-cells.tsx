// What the tables of alerts show in the same way.
import { hrefTo } from '../address.ts'
import type { Column } from '../layout/long-table.tsx'
import { Name } from '../layout/name.tsx'
import { dayAt, minuteText } from '../local-time.ts'
import { completenessState, seriesState } from '../pages/page-states.ts'
import { valueText } from '../value-text.ts'
import { whenText } from './event-times.ts'
import type { AlertEvent } from './records.ts'

const marks: Record<string, string> = { critical: 'late', warning: 'partial' }

export const Severity = ({ of }: { of: string }) => (
  <span class={marks[of] === undefined ? 'mark' : `mark mark-${marks[of]}`}>{of}</span>
)

const words: Record<string, string> = { firing: 'fires', unknown: 'unknown: data is missing' }

/** What an alert is: it fires, it happened, or its rule cannot judge; and why, where the numbers do not say it. */
export const What = ({ of: { kind, detail } }: { of: AlertEvent }) => (
  <>
    {words[kind] ?? kind}
    {detail !== null && <span class="faint"> ({detail})</span>}
  </>
)

/** Windows have such a key: their selector, and when they begin. */
const windowKey = /^(.*)@(\d{4}-\d{2}-\d{2}T[\d:.]+Z)$/

/** Leads to the series with the point open, or to the windows of the dataset. */
export function SeriesLink({ dataset, key_: key, ms, tz }: { dataset: string; key_: string; ms: number; tz: string }) {
  // The row of a query is no series.
  if (dataset === 'sql') return <>{key === '' ? 'the query' : key}</>
  const [, selector = '', beginsAt] = windowKey.exec(key) ?? []
  const name = beginsAt === undefined ? key : selector
  const day = dayAt(beginsAt === undefined ? ms : Date.parse(beginsAt), tz)
  const href =
    key === '' || beginsAt !== undefined
      ? hrefTo('/completeness', completenessState, { dataset, day, from: day, to: day, tz })
      : hrefTo('/series', seriesState, { s: [`${dataset}/${key}`], from: day, to: day, tz, point: ms })
  return (
    <a href={href}>
      <Name of={dataset} />
      {name !== '' && ' '}
      <Name of={name} />
      {beginsAt !== undefined && (
        <>
          {' '}
          <span class="whole">{day}</span>
        </>
      )}
    </a>
  )
}

/** The value that began an episode, and what the threshold was compared with where that is another number. */
export const Numbers = ({ value, compared, unit }: { value: number | null; compared: number | null; unit: string }) => (
  <>
    {value === null ? '–' : valueText(value)} <span class="faint">{value === null ? '' : unit}</span>
    {compared !== null && compared !== value && <span class="faint"> (compared {valueText(compared)})</span>}
  </>
)

export const untilText = (toMs: number | null, tz: string): string => (toMs === null ? 'goes on' : minuteText(toMs, tz))

/** Of which series and time an alert is, and by which numbers. */
export const eventColumns = (tz: string): Column<AlertEvent>[] => [
  {
    title: 'Series',
    of: ({ dataset, key, onset_at: onset }) => (
      <SeriesLink dataset={dataset} key_={key} ms={Date.parse(onset)} tz={tz} />
    ),
  },
  { title: 'Told at', of: ({ at }) => <span class="whole">{minuteText(Date.parse(at), tz)}</span> },
  { title: 'When', of: (event) => <span class="whole">{whenText(event, tz)}</span> },
  {
    title: 'Value',
    isNumber: true,
    of: ({ value, compared, unit }) => <Numbers value={value} compared={compared} unit={unit} />,
  },
]
