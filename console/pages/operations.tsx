import { useState as useLocal } from 'preact/hooks'
import { useState } from '../address.ts'
import { useAnswer } from '../api/request.ts'
import { Again } from '../operations/again.tsx'
import type { Session } from '../operations/records.ts'
import { Refused } from '../operations/refused.tsx'
import { Running } from '../operations/running.tsx'
import { RoleContext, SessionBar } from '../operations/session.tsx'
import { oneOf, pageState, zone } from '../page-state.ts'
import './operations.css'

const operationsState = pageState({ part: oneOf('running', 'refused', 'again'), tz: zone })
const parts = { running: 'What runs', refused: 'What was refused', again: 'Fetch or read again' } as const

/** What operators look at and change. Everybody sees it; changes need the rights of an operator. */
export function Operations() {
  const { state, change } = useState(operationsState)
  const [version, setVersion] = useLocal(0)
  const session = useAnswer<Session>('session', { refresh: version })
  const role = session.state === 'ready' ? session.value.role : 'reader'
  const { part, tz } = state
  return (
    <RoleContext.Provider value={role}>
      <h1>Operations</h1>
      {session.state === 'ready' && (
        <SessionBar session={session.value} tz={tz} onChange={() => setVersion((count) => count + 1)} />
      )}
      <nav class="tools parts" aria-label="Parts of the page">
        {(Object.keys(parts) as (keyof typeof parts)[]).map((each) => (
          <button key={each} type="button" aria-pressed={each === part} onClick={() => change({ part: each })}>
            {parts[each]}
          </button>
        ))}
      </nav>
      {part === 'running' ? <Running tz={tz} /> : part === 'refused' ? <Refused tz={tz} /> : <Again tz={tz} />}
    </RoleContext.Provider>
  )
}
