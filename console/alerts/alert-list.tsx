import { useState } from 'preact/hooks'
import { hrefTo } from '../address.ts'
import { nowMs } from '../api/clock.ts'
import { useLive } from '../api/live.ts'
import type { Rows } from '../api/records.ts'
import { ask, type Loader, pathOf, useAnswer } from '../api/request.ts'
import { CardTable } from '../layout/card-table.tsx'
import type { Column } from '../layout/long-table.tsx'
import { Shown } from '../layout/states.tsx'
import { alertsState } from '../pages/page-states.ts'
import { alertsInOrder } from './alert-order.ts'
import { eventColumns, SeriesLink, Severity, What } from './event-cells.tsx'
import { toldText, whenText } from './event-times.ts'
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

/** Asks for the alerts that fire or are unknown, and for those that happened since an instant, ms UTC. */
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
  const [version, setVersion] = useState(0)
  useLive('kinds=alert', () => setVersion((count) => count + 1))
  return useAnswer<Alerts>(`alerts since ${since}`, { everyMs, refresh: version, load })
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
            <CardTable rows={data} columns={columnsIn(tz)} nameOf={({ id }) => id} />
            {isCut && <p class="hint">Of each kind these are the newest {shown}.</p>}
          </>
        )}
      </Shown>
    </section>
  )
}

const columnsIn = (tz: string): Column<AlertEvent>[] => [
  {
    title: 'Rule',
    of: ({ rule_id: rule, title }) => <a href={hrefTo('/alerts', alertsState, { rule, tz })}>{title}</a>,
  },
  { title: 'Severity', of: ({ severity }) => <Severity of={severity} /> },
  { title: 'What', of: (event) => <What of={event} /> },
  ...eventColumns(tz),
]

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
            <span class="whole">{toldText(event, nowMs(), tz)}</span>, <span class="whole">{whenText(event, tz)}</span>
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
