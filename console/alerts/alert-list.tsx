import { hrefTo } from '../address.ts'
import { nowMs } from '../api/clock.ts'
import type { Rows } from '../api/records.ts'
import { ask, type Loader, pathOf, useAnswer } from '../api/request.ts'
import { Shown } from '../layout/states.tsx'
import { minuteText } from '../local-time.ts'
import { alertsState } from '../pages/page-states.ts'
import { alertsInOrder } from './alert-order.ts'
import { Numbers, SeriesLink, Severity, What } from './event-cells.tsx'
import { timesText, whenText } from './event-times.ts'
import type { AlertEvent } from './records.ts'

const everyMs = 10_000
const shown = 200
const shownLines = 8
const hourMs = 3_600_000

interface Alerts {
  data: AlertEvent[]
  /** Whether there are more than these. */
  isCut: boolean
}

/** What fires, what is unknown, and what was told to have happened since an instant, ms UTC. */
function useAlerts(sinceMs: number) {
  const since = new Date(sinceMs).toISOString()
  const load: Loader<Alerts> = async (_, signal) => {
    const paths = [
      pathOf('alerts/firing', { limit: shown }),
      pathOf('alerts/firing', { kind: 'unknown', limit: shown }),
      pathOf('alerts/events', { kind: 'happened', since, limit: shown }),
    ]
    const answers = await Promise.all(paths.map((path) => ask<Rows<AlertEvent>>(path, { signal })))
    const data = alertsInOrder(answers.flatMap((answer) => answer.data))
    return { data, isCut: answers.some(({ next }) => next !== null) }
  }
  return useAnswer<Alerts>(`alerts since ${since}`, { everyMs, load })
}

/** What fires and what is unknown, and what happened in the last 24 hours: the severest first, then the newest. */
export function AlertTable({ tz }: { tz: string }) {
  const answer = useAlerts(Math.floor(nowMs() / hourMs) * hourMs - 24 * hourMs)
  return (
    <section aria-labelledby="alerts-now">
      <h2 id="alerts-now">Now, and in the last 24 hours</h2>
      <Shown
        answer={answer}
        isEmpty={({ data }) => data.length === 0}
        empty="No rule fires, nothing happened, and no rule misses data."
      >
        {({ data, isCut }) => (
          <>
            <div class="scroll">
              <table class="cards">
                <thead>
                  <tr>
                    <th>Rule</th>
                    <th>Severity</th>
                    <th>What</th>
                    <th>Series</th>
                    <th>Told at</th>
                    <th>When</th>
                    <th class="number">Value</th>
                  </tr>
                </thead>
                <tbody>
                  {data.map((event) => (
                    <AlertRow key={event.id} event={event} tz={tz} />
                  ))}
                </tbody>
              </table>
            </div>
            {isCut && <p class="hint">Of each kind these are the newest {shown}.</p>}
          </>
        )}
      </Shown>
    </section>
  )
}

const AlertRow = ({ event, tz }: { event: AlertEvent; tz: string }) => (
  <tr>
    <td>
      <a href={hrefTo('/alerts', alertsState, { rule: event.rule_id, tz })}>{event.title}</a>
    </td>
    <td>
      <Severity of={event.severity} />
    </td>
    <td>
      <What of={event} />
    </td>
    <td>
      <SeriesLink dataset={event.dataset} key_={event.key} ms={Date.parse(event.onset_at)} tz={tz} />
    </td>
    <td>{minuteText(Date.parse(event.at), tz)}</td>
    <td>{whenText(event, tz)}</td>
    <td class="number">
      <Numbers value={event.value} compared={event.compared} unit={event.unit} />
    </td>
  </tr>
)

/** Some lines of them, for another page; what happened is since an instant. There is none, or nothing is known: no line. */
export function AlertLines({ sinceMs, tz }: { sinceMs: number; tz: string }) {
  const answer = useAlerts(sinceMs)
  if (answer.state !== 'ready' || answer.value.data.length === 0) return null
  const { data, isCut } = answer.value
  const left = data.length - shownLines
  return (
    <section aria-labelledby="alerts-now">
      <h2 id="alerts-now">Alerts</h2>
      <ul>
        {data.slice(0, shownLines).map((event) => (
          <li key={event.id}>
            <Severity of={event.severity} />{' '}
            <a href={hrefTo('/alerts', alertsState, { rule: event.rule_id, tz })}>{event.title}</a>: <What of={event} />
            , <SeriesLink dataset={event.dataset} key_={event.key} ms={Date.parse(event.onset_at)} tz={tz} />,{' '}
            {timesText(event, nowMs(), tz)}
          </li>
        ))}
        {left > 0 && (
          <li>
            and {isCut ? `more than ${left}` : left} more: <a href="/alerts">Alerts</a> has all.
          </li>
        )}
      </ul>
    </section>
  )
}
