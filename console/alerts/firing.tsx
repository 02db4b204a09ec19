import { hrefTo } from '../address.ts'
import type { Rows } from '../api/records.ts'
import { pathOf, useAnswer } from '../api/request.ts'
import { Shown } from '../layout/states.tsx'
import { minuteText } from '../local-time.ts'
import { alertsState } from '../pages/page-states.ts'
import { Numbers, SeriesLink, Severity, untilText } from './event-cells.tsx'
import type { AlertEvent } from './records.ts'

const everyMs = 10_000
const shown = 200
const shownLines = 5

const useFiring = () => useAnswer<Rows<AlertEvent>>(pathOf('alerts/firing', { limit: shown }), { everyMs })

/** The episodes that are open, the newest first. */
export function Firing({ tz }: { tz: string }) {
  const answer = useFiring()
  return (
    <section aria-labelledby="firing">
      <h2 id="firing">Firing now</h2>
      <Shown answer={answer} isEmpty={({ data }) => data.length === 0} empty="No rule fires.">
        {({ data, next }) => (
          <>
            <div class="scroll">
              <table class="cards">
                <thead>
                  <tr>
                    <th>Rule</th>
                    <th>Severity</th>
                    <th>Series</th>
                    <th>Since</th>
                    <th>Until</th>
                    <th class="number">Value</th>
                  </tr>
                </thead>
                <tbody>
                  {data.map((event) => (
                    <tr key={event.id}>
                      <td>
                        <a href={hrefTo('/alerts', alertsState, { rule: event.rule_id, tz })}>{event.title}</a>
                      </td>
                      <td>
                        <Severity of={event.severity} />
                      </td>
                      <td>
                        <SeriesLink dataset={event.dataset} key_={event.key} ms={Date.parse(event.onset_at)} tz={tz} />
                      </td>
                      <td>{minuteText(Date.parse(event.onset_at), tz)}</td>
                      <td>{untilText(event.ends_at === null ? null : Date.parse(event.ends_at), tz)}</td>
                      <td class="number">
                        <Numbers value={event.value} compared={event.compared} unit={event.unit} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            {next !== null && <p class="hint">These are the newest {shown}.</p>}
          </>
        )}
      </Shown>
    </section>
  )
}

/** Some lines of what fires, for another page. Nothing fires, or nothing is known of it: no line. */
export function FiringLines({ tz }: { tz: string }) {
  const answer = useFiring()
  if (answer.state !== 'ready' || answer.value.data.length === 0) return null
  const { data, next } = answer.value
  const left = data.length - shownLines
  return (
    <section aria-labelledby="firing">
      <h2 id="firing">Alerts that fire</h2>
      <ul>
        {data.slice(0, shownLines).map((event) => (
          <li key={event.id}>
            <Severity of={event.severity} />{' '}
            <a href={hrefTo('/alerts', alertsState, { rule: event.rule_id, tz })}>{event.title}</a>: {event.dataset}{' '}
            {event.key} since {minuteText(Date.parse(event.onset_at), tz)}
          </li>
        ))}
        {left > 0 && (
          <li>
            and {next === null ? left : `more than ${left}`} more: <a href="/alerts">Alerts</a> has all.
          </li>
        )}
      </ul>
    </section>
  )
}
