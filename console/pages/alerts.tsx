import { useState as useLocal, useRef } from 'preact/hooks'
import { useState } from '../address.ts'
import { AlertTable } from '../alerts/alert-list.tsx'
import type { AlertRule } from '../alerts/records.ts'
import { RulePanel } from '../alerts/rule-panel.tsx'
import { RuleTable } from '../alerts/rule-table.tsx'
import { Silences } from '../alerts/silences.tsx'
import { useAnswer } from '../api/request.ts'
import { Empty, Shown } from '../layout/states.tsx'
import type { Session } from '../operations/records.ts'
import { RoleContext } from '../operations/session.tsx'
import { alertsState, newRule } from './page-states.ts'
import './alerts.css'

const everyMs = 10_000

/** What fires and happened, the rules with their tests and histories, and the silences. Changes need the rights of an operator. */
export function Alerts() {
  const { state, change } = useState(alertsState)
  const [version, setVersion] = useLocal(0)
  const session = useAnswer<Session>('session')
  const rules = useAnswer<{ data: AlertRule[] }>('alerts/rules', { everyMs, refresh: version })
  // What one writes stays while the rules cannot be read for once.
  const known = useRef<AlertRule[] | null>(null)
  if (rules.state === 'ready') known.current = rules.value.data
  const { tz } = state
  const role = session.state === 'ready' ? session.value.role : 'reader'
  return (
    <RoleContext.Provider value={role}>
      <h1>Alerts</h1>
      <AlertTable tz={tz} />
      <section aria-labelledby="rules">
        <h2 id="rules">Rules</h2>
        <Shown
          answer={rules}
          isEmpty={({ data }) => data.length === 0}
          empty={
            <>
              There is no rule yet. The directory <code>examples/alerts</code> has some:{' '}
              <code>npx tidemark alerts set examples/alerts/spikes.json</code>.
            </>
          }
        >
          {({ data }) => <RuleTable rules={data} opened={state.rule} tz={tz} />}
        </Shown>
        <p class="tools">
          <button type="button" onClick={() => change({ rule: newRule, test: 'none', event: '' })}>
            Write a rule
          </button>
        </p>
        {state.rule !== '' && known.current !== null && (
          <Opened rules={known.current} onChange={() => setVersion((count) => count + 1)} />
        )}
      </section>
      <Silences tz={tz} />
    </RoleContext.Provider>
  )
}

function Opened({ rules, onChange }: { rules: AlertRule[]; onChange: () => void }) {
  const { state, hrefOf } = useState(alertsState)
  const saved = rules.find(({ id }) => id === state.rule)
  if (saved === undefined && state.rule !== newRule)
    return (
      <Empty>
        There is no rule {state.rule}: it was deleted, or the address is wrong. <a href={hrefOf({ rule: '' })}>Close</a>
      </Empty>
    )
  return <RulePanel key={state.rule} saved={saved} onChange={onChange} />
}
