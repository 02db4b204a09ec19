import { createContext } from 'preact'
import { useContext, useState } from 'preact/hooks'
import { ask, Problem } from '../api/request.ts'
import { minuteText } from '../local-time.ts'
import type { Role, Session } from './records.ts'

const ranks: readonly Role[] = ['reader', 'trader', 'operator', 'admin']

/** The role of the reader. Absent: it is not known yet. */
export const RoleContext = createContext<Role>('reader')

/** Returns true if the reader may do what needs a role. */
export const useMay = (role: Role): boolean => ranks.indexOf(useContext(RoleContext)) >= ranks.indexOf(role)

/** Says who one is, and lets one log in with a token, or out. */
export function SessionBar({ session, tz, onChange }: { session: Session; tz: string; onChange: () => void }) {
  const [token, setToken] = useState('')
  const [wrong, setWrong] = useState<string | null>(null)
  const send = async (method: 'POST' | 'DELETE'): Promise<void> => {
    try {
      const body =
        method === 'POST' ? { body: JSON.stringify({ token }), headers: { 'content-type': 'application/json' } } : {}
      await ask('session', { method, ...body })
      setWrong(null)
      setToken('')
      onChange()
    } catch (error) {
      setWrong(error instanceof Problem ? error.message : 'tidemark does not answer.')
    }
  }
  const isOperator = ranks.indexOf(session.role) >= ranks.indexOf('operator')
  return (
    <section class="panel" aria-label="Rights">
      <p>
        You are <strong>{session.anonymous ? 'not logged in' : session.name}</strong>, with the rights of{' '}
        <strong>{session.role}</strong>
        {session.source !== null && `, for ${session.source} alone`}
        {session.expires !== null && `, until ${minuteText(Date.parse(session.expires), tz)}`}.{' '}
        {!isOperator && (
          <>
            You see everything and change nothing. <code>npx tidemark open</code> prints a link with the rights of an
            operator.
          </>
        )}
      </p>
      <form
        class="tools"
        onSubmit={(event) => {
          event.preventDefault()
          void send('POST')
        }}
      >
        <label>
          Token{' '}
          <input
            type="password"
            autocomplete="off"
            value={token}
            placeholder="tdm_…"
            onInput={({ currentTarget }) => setToken(currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={token === ''}>
          Log in
        </button>
        {!session.anonymous && (
          <button type="button" onClick={() => send('DELETE')}>
            Log out
          </button>
        )}
      </form>
      {wrong !== null && <p role="alert">{wrong}</p>}
    </section>
  )
}
