import { nowMs } from '../api/clock.ts'
import { ClassMark, causeText } from '../layout/classes.tsx'
import { agoText, minuteText } from '../local-time.ts'
import type { MissingSpan } from './history.ts'

const shown = 8

/** The windows of a chart that are not complete: since when, whose fault it is, and by when they are expected. */
export function MissingList({ missing, tz }: { missing: MissingSpan[]; tz: string }) {
  if (missing.length === 0) return null
  return (
    <ul class="missing">
      {missing.slice(0, shown).map((span) => (
        <li key={`${span.dataset} ${span.fromMs} ${span.class}`}>
          <ClassMark of={span.class} /> {span.dataset} {minuteText(span.fromMs, tz)} to {minuteText(span.toMs, tz)}
          {span.since !== null && span.class !== 'not-yet-due' && `, since ${minuteText(Date.parse(span.since), tz)}`}
          {span.cause !== null && `, ${causeText(span.cause)}`}
          {span.detail !== null && span.detail !== '' && `: ${span.detail}`}
          {span.expectedBy !== null &&
            `, expected by ${minuteText(Date.parse(span.expectedBy), tz)} (${agoText(Date.parse(span.expectedBy), nowMs())})`}
        </li>
      ))}
      {missing.length > shown && (
        <li>
          and {missing.length - shown} more windows. <a href="/completeness">Completeness</a> has all.
        </li>
      )}
    </ul>
  )
}
