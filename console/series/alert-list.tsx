import { hrefTo } from '../address.ts'
import { Severity } from '../alerts/event-cells.tsx'
import { minuteText, withoutDay } from '../local-time.ts'
import { alertsState } from '../pages/page-states.ts'
import type { AlertMark } from './alert-marks.ts'

const shown = 8

/** The alerts of a chart, the newest first, with links to their rules. */
export function AlertList({ marks, tz }: { marks: AlertMark[]; tz: string }) {
  if (marks.length === 0) return null
  const newest = marks.toReversed().slice(0, shown)
  return (
    <section aria-labelledby="chart-alerts">
      <h2 id="chart-alerts">Alerts</h2>
      <ul class="missing">
        {newest.map(({ id, rule, title, severity, fromMs, toMs, isTakenBack, dataset, key }) => (
          <li key={id}>
            <Severity of={severity} /> <a href={hrefTo('/alerts', alertsState, { rule, event: id, tz })}>{title}</a>:{' '}
            {dataset} {key}, {minuteText(fromMs, tz)}
            {toMs === null && ' and on'}
            {toMs !== null && toMs > fromMs && ` to ${withoutDay(minuteText(toMs, tz), fromMs, tz)}`}
            {isTakenBack && ', taken back by a revision'}
          </li>
        ))}
        {marks.length > shown && (
          <li>
            and {marks.length - shown} more. <a href="/alerts">Alerts</a> has all.
          </li>
        )}
      </ul>
    </section>
  )
}
