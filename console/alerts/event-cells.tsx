// What the tables of alerts show in the same way.
import { hrefTo } from '../address.ts'
import { dayAt, minuteText } from '../local-time.ts'
import { completenessState, seriesState } from '../pages/page-states.ts'
import { shortText, valueText } from '../value-text.ts'

const marks: Record<string, string> = { critical: 'late', warning: 'partial' }

export const Severity = ({ of }: { of: string }) => (
  <span class={marks[of] === undefined ? 'mark' : `mark mark-${marks[of]}`}>{of}</span>
)

/** Leads to the series with the point open, or to the windows of the dataset. */
export function SeriesLink({ dataset, key_: key, ms, tz }: { dataset: string; key_: string; ms: number; tz: string }) {
  // The row of a query is no series.
  if (dataset === 'sql') return <>{key === '' ? 'the query' : key}</>
  const day = dayAt(ms, tz)
  const href =
    key === ''
      ? hrefTo('/completeness', completenessState, { dataset, day, from: day, to: day, tz })
      : hrefTo('/series', seriesState, { s: [`${dataset}/${key}`], from: day, to: day, tz, point: ms })
  return (
    <a href={href}>
      {dataset} {key}
    </a>
  )
}

/** The value that began an episode, and what the threshold was compared with where that is another number. */
export const Numbers = ({ value, compared, unit }: { value: number | null; compared: number | null; unit: string }) => (
  <>
    {value === null ? '–' : valueText(value)} <span class="faint">{value === null ? '' : unit}</span>
    {compared !== null && compared !== value && <span class="faint"> (compared {shortText(compared)})</span>}
  </>
)

export const untilText = (toMs: number | null, tz: string): string => (toMs === null ? 'goes on' : minuteText(toMs, tz))
