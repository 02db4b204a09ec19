import { useState } from 'preact/hooks'
import { useAnswer } from '../api/request.ts'
import { CardTable } from '../layout/card-table.tsx'
import { InstantInput } from '../layout/instant-input.tsx'
import type { Column } from '../layout/long-table.tsx'
import { Name } from '../layout/name.tsx'
import { Shown } from '../layout/states.tsx'
import { minuteText } from '../local-time.ts'
import { Action } from '../operations/action.tsx'
import type { AlertSilence } from './records.ts'

const everyMs = 10_000
const usualMs = 2 * 3_600_000
const none = { rule: '', dataset: '*', key: '*' }

/** When alerts are not sent, until when, and why; they are still in the history. */
export function Silences({ tz }: { tz: string }) {
  const [version, setVersion] = useState(0)
  const again = (): void => setVersion((count) => count + 1)
  const answer = useAnswer<{ data: AlertSilence[] }>('alerts/silences', { everyMs, refresh: version })
  const columns: Column<AlertSilence>[] = [
    { title: 'Rule', of: ({ rule }) => rule },
    { title: 'Series', of: ({ dataset, key }) => <Name of={`${dataset} ${key}`} /> },
    { title: 'Until', of: ({ untilAt }) => minuteText(Date.parse(untilAt), tz) },
    { title: 'Holds back', isNumber: true, of: ({ holdsBack }) => holdsBack },
    { title: 'Why', of: ({ why }) => why },
    { title: 'By', of: ({ createdBy }) => createdBy },
    {
      title: 'Change',
      of: ({ id }) => (
        <Action
          title="End it"
          method="DELETE"
          path={`alerts/silences/${encodeURIComponent(id)}`}
          body={{}}
          command={`npx tidemark alerts unsilence ${id}`}
          onDone={again}
        />
      ),
    },
  ]
  return (
    <section aria-labelledby="silences">
      <h2 id="silences">Silences</h2>
      <Shown
        answer={answer}
        isEmpty={({ data }) => data.length === 0}
        empty="Nothing is silenced: every alert is sent to the endpoints that its rule names."
      >
        {({ data }) => <CardTable rows={data} columns={columns} nameOf={({ id }) => id} hasHeads />}
      </Shown>
      <NewSilence tz={tz} onDone={again} />
    </section>
  )
}

function NewSilence({ tz, onDone }: { tz: string; onDone: () => void }) {
  const [which, setWhich] = useState(none)
  const [untilMs, setUntil] = useState(() => Math.ceil((Date.now() + usualMs) / 60_000) * 60_000)
  const minutes = Math.max(1, Math.round((untilMs - Date.now()) / 60_000))
  const field = (name: keyof typeof none, title: string, placeholder: string) => (
    <label>
      {title}{' '}
      <input
        value={which[name]}
        placeholder={placeholder}
        onInput={({ currentTarget }) => setWhich({ ...which, [name]: currentTarget.value })}
      />
    </label>
  )
  const isNamed = Object.values(which).every((each) => each !== '')
  return (
    <div class="tools">
      {field('rule', 'Rule', 'its id; * stands for any characters')}
      {field('dataset', 'Dataset', '*')}
      {field('key', 'Key', '*')}
      <InstantInput title="Until" ms={untilMs} tz={tz} onChange={(ms) => ms !== null && setUntil(ms)} />
      {isNamed ? (
        <Action
          title="Silence"
          path="alerts/silences"
          body={{ ...which, until: new Date(untilMs).toISOString() }}
          command={`npx tidemark alerts silence '${which.rule}' --for PT${minutes}M --dataset '${which.dataset}' --key '${which.key}' --why …`}
          onDone={onDone}
        />
      ) : (
        <span class="hint">A silence names a rule.</span>
      )}
    </div>
  )
}
