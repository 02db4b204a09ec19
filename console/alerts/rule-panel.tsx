import { useState as useLocal } from 'preact/hooks'
import { useState } from '../address.ts'
import { minuteText } from '../local-time.ts'
import { Action } from '../operations/action.tsx'
import { useMay } from '../operations/session.tsx'
import { alertsState, newRule } from '../pages/page-states.ts'
import { draftOf, textOf } from './draft.ts'
import { History } from './history.tsx'
import type { AlertRule } from './records.ts'
import { selectorText, tellText } from './rule-text.ts'
import { TestOfRule } from './test-of-rule.tsx'

/** A rule: its JSON to be changed, its test on the past, and what it told. `saved` undefined: a new one. */
export function RulePanel({ saved, onChange }: { saved: AlertRule | undefined; onChange: () => void }) {
  const { state, change } = useState(alertsState)
  const may = useMay('operator')
  // null: as it is saved.
  const [written, setWritten] = useLocal<string | null>(null)
  const text = written ?? textOf(saved?.rule)
  const draft = draftOf(text)
  const { tz } = state
  const name = saved === undefined ? 'A new rule' : String(saved.rule.title ?? saved.id)
  return (
    <section class="panel" aria-labelledby="rule">
      <h2 id="rule">{name}</h2>
      {saved !== undefined && <Saved of={saved} tz={tz} />}
      <label>
        The rule as JSON
        <textarea
          rows={18}
          spellcheck={false}
          value={text}
          onInput={({ currentTarget }) => setWritten(currentTarget.value)}
        />
      </label>
      {'problem' in draft && <p role="alert">{draft.problem}</p>}
      <div class="tools">
        {'rule' in draft && (
          <Action
            key={draft.id}
            title="Save"
            method="PUT"
            path={`alerts/rules/${encodeURIComponent(draft.id)}`}
            body={{ rule: draft.rule }}
            command="npx tidemark alerts set FILE --why …"
            onDone={() => {
              onChange()
              if (draft.id === saved?.id) setWritten(null)
              else change({ rule: draft.id })
            }}
          />
        )}
        {saved !== undefined && (
          <Action
            title="Delete"
            method="DELETE"
            path={`alerts/rules/${encodeURIComponent(saved.id)}`}
            body={{}}
            command={`npx tidemark alerts delete ${saved.id} --why …`}
            onDone={onChange}
          />
        )}
        {written !== null && (
          <button type="button" onClick={() => setWritten(null)}>
            Back to what is saved
          </button>
        )}
        <button type="button" onClick={() => change({ rule: '', test: 'none', event: '' })}>
          Close
        </button>
      </div>
      {!may && (
        <p class="hint">
          Everybody may change the text and test it. To save it needs the rights of an operator:{' '}
          <code>npx tidemark open</code>.
        </p>
      )}
      {'rule' in draft && <TestOfRule rule={draft.rule} tz={tz} />}
      {saved !== undefined && state.rule !== newRule && <History rule={saved.id} tz={tz} />}
    </section>
  )
}

/** What a rule says, and who changed it last. */
const Saved = ({ of: { says, rule, version, changedBy, changedAt, why }, tz }: { of: AlertRule; tz: string }) => (
  <p>
    {selectorText(rule)}: {says === null ? 'This release cannot read the rule.' : `${says}.`} It {tellText(rule)}.{' '}
    <span class="faint">
      Version {version}, by {changedBy} at {minuteText(Date.parse(changedAt), tz)}
      {why !== '' && `: ${why}`}
    </span>
  </p>
)
