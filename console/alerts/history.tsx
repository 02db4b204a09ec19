import { useState } from '../address.ts'
import type { Rows } from '../api/records.ts'
import { pathOf, useAnswer } from '../api/request.ts'
import { CardTable } from '../layout/card-table.tsx'
import type { Column } from '../layout/long-table.tsx'
import { Shown } from '../layout/states.tsx'
import { secondText } from '../local-time.ts'
import { alertsState } from '../pages/page-states.ts'
import { eventColumns } from './event-cells.tsx'
import type { AlertEvent, ExplainedEvent } from './records.ts'

const everyMs = 10_000
const shown = 50

/** What a rule told, the newest first; one of them is explained. */
export function History({ rule, tz }: { rule: string; tz: string }) {
  const { state, change } = useState(alertsState)
  const answer = useAnswer<Rows<AlertEvent>>(pathOf('alerts/events', { rule, limit: shown }), { everyMs })
  const columns: Column<AlertEvent>[] = [
    {
      title: 'Told at',
      of: ({ id, at }) => (
        <button type="button" class="link" onClick={() => change({ event: id === state.event ? '' : id })}>
          {secondText(Date.parse(at), tz)}
        </button>
      ),
    },
    { title: 'What', of: ({ kind }) => kind },
    ...eventColumns(tz).filter(({ title }) => title !== 'Told at'),
  ]
  return (
    <>
      <h3>History</h3>
      <Shown answer={answer} isEmpty={({ data }) => data.length === 0} empty="This rule has told nothing yet.">
        {({ data, next }) => (
          <>
            <CardTable
              rows={data}
              columns={columns}
              nameOf={({ id }) => id}
              isChosen={({ id }) => id === state.event}
            />
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
