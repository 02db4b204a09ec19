import { useState } from '../address.ts'
import type { Rows } from '../api/records.ts'
import { pathOf, useAnswer } from '../api/request.ts'
import { Shown } from '../layout/states.tsx'
import { secondText } from '../local-time.ts'
import { alertsState } from '../pages/page-states.ts'
import { Numbers, SeriesLink } from './event-cells.tsx'
import { whenText } from './event-times.ts'
import type { AlertEvent, ExplainedEvent } from './records.ts'

const everyMs = 10_000
const shown = 50

/** What a rule told, the newest first; one of them is explained. */
export function History({ rule, tz }: { rule: string; tz: string }) {
  const { state, change } = useState(alertsState)
  const answer = useAnswer<Rows<AlertEvent>>(pathOf('alerts/events', { rule, limit: shown }), { everyMs })
  return (
    <>
      <h3>History</h3>
      <Shown answer={answer} isEmpty={({ data }) => data.length === 0} empty="This rule has told nothing yet.">
        {({ data, next }) => (
          <>
            <div class="scroll">
              <table class="cards">
                <thead>
                  <tr>
                    <th>Told at</th>
                    <th>What</th>
                    <th>Series</th>
                    <th>When</th>
                    <th class="number">Value</th>
                  </tr>
                </thead>
                <tbody>
                  {data.map((event) => (
                    <tr key={event.id} class={event.id === state.event ? 'chosen' : undefined}>
                      <td>
                        <button
                          type="button"
                          class="link"
                          onClick={() => change({ event: event.id === state.event ? '' : event.id })}
                        >
                          {secondText(Date.parse(event.at), tz)}
                        </button>
                      </td>
                      <td>{event.kind}</td>
                      <td>
                        <SeriesLink dataset={event.dataset} key_={event.key} ms={Date.parse(event.onset_at)} tz={tz} />
                      </td>
                      <td>{whenText(event, tz)}</td>
                      <td class="number">
                        <Numbers value={event.value} compared={event.compared} unit={event.unit} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            {next !== null && (
              <p class="hint">
                These are the newest {shown}. <code>npx tidemark alerts history {rule}</code> has all.
              </p>
            )}
          </>
        )}
      </Shown>
      {state.event !== '' && <Explained id={state.event} tz={tz} />}
    </>
  )
}

function Explained({ id, tz }: { id: string; tz: string }) {
  const answer = useAnswer<ExplainedEvent>(`alerts/events/${encodeURIComponent(id)}`)
  return (
    <Shown answer={answer}>
      {({ says, knownAt, ruleVersion, deliveries }) => (
        <div class="state">
          <p>
            {says}. By version {ruleVersion} of the rule; known at {secondText(Date.parse(knownAt), tz)}.
          </p>
          {deliveries.length === 0 ? (
            <p>It was told to nobody: the rule names no endpoint, or the message is on its way.</p>
          ) : (
            <ul>
              {deliveries.map(({ endpoint, state, attempts, endedAt, detail }) => (
                <li key={endpoint}>
                  {endpoint}: {state}
                  {endedAt !== null && ` at ${secondText(Date.parse(endedAt), tz)}`}, {attempts} attempts
                  {detail !== null && `, ${detail}`}
                </li>
              ))}
            </ul>
          )}
          <p>
            <code>npx tidemark alerts explain {id.slice(0, 8)}</code>
          </p>
        </div>
      )}
    </Shown>
  )
}
