import { useState } from 'preact/hooks'
import { nowMs } from '../api/clock.ts'
import type { Poll, Rows } from '../api/records.ts'
import { pathOf, useAnswer } from '../api/request.ts'
import { Shown } from '../layout/states.tsx'
import { secondText } from '../local-time.ts'
import { PollTable } from '../pages/poll-table.tsx'
import { Action } from './action.tsx'
import type { DeadLetter, Parked } from './records.ts'

const everyMs = 15_000

/** What was refused: parked datasets, open dead letters by dataset and reason, and polls that failed. */
export function Refused({ tz }: { tz: string }) {
  const [version, setVersion] = useState(0)
  const again = (): void => setVersion((count) => count + 1)
  const parked = useAnswer<Rows<Parked>>('parked', { everyMs, refresh: version })
  const letters = useAnswer<Rows<DeadLetter>>(pathOf('dead-letters', { open: 'true', limit: 2_000 }), {
    everyMs,
    refresh: version,
  })
  return (
    <>
      <h2>Parked datasets</h2>
      <Shown
        answer={parked}
        isEmpty={({ data }) => data.length === 0}
        empty="None. A dataset is parked when most of its answers are refused."
      >
        {({ data }) => (
          <ul>
            {data.map(({ dataset, at, message }) => (
              <li key={dataset}>
                <strong>{dataset}</strong> since {secondText(Date.parse(at), tz)}: {message}{' '}
                <Action
                  title="Release"
                  path={`datasets/${encodeURIComponent(dataset)}/release`}
                  body={{}}
                  command={`npx tidemark dlq release ${dataset}`}
                  onDone={again}
                />
              </li>
            ))}
          </ul>
        )}
      </Shown>
      <h2>Open dead letters</h2>
      <Shown
        answer={letters}
        isEmpty={({ data }) => data.length === 0}
        empty="None: everything that came was understood."
      >
        {({ data, next }) => (
          <>
            {next !== null && <p class="hint">The newest {data.length} are grouped here.</p>}
            {[...Map.groupBy(data, ({ dataset, reason }) => `${dataset} ${reason}`)].map(([name, group]) => (
              <LetterGroup key={name} letters={group} tz={tz} onDone={again} />
            ))}
          </>
        )}
      </Shown>
      <h2>Polls that brought nothing</h2>
      <Polls tz={tz} />
    </>
  )
}

function LetterGroup({ letters, tz, onDone }: { letters: DeadLetter[]; tz: string; onDone: () => void }) {
  const [newest] = letters
  if (newest === undefined) return null
  const { dataset, reason, message, at, version } = newest
  const selection = { dataset, reason }
  const flags = `--key ${dataset} --reason ${reason}`
  return (
    <section class="panel" aria-label={`Dead letters of ${dataset}: ${reason}`}>
      <h3>
        {letters.length} of {dataset}: {reason}
      </h3>
      <p>
        Newest {secondText(Date.parse(at), tz)}, refused by version {version}: {message}
      </p>
      <div class="tools">
        {(['Requeue', 'Drop'] as const).map((title) => (
          <Action
            key={title}
            title={title}
            path={`dead-letters/${title.toLowerCase()}`}
            body={selection}
            command={`npx tidemark dlq ${title.toLowerCase()} ${flags}`}
            hasPreview
            onDone={onDone}
          />
        ))}
      </div>
    </section>
  )
}

/** What came of polls that brought no value, and what that means. */
const wordless = {
  refused: 'Upstream refused the request in its answer.',
  failed: 'No usable answer came.',
  unreadable: 'The answer is kept, and cannot be read.',
  empty: 'Upstream answered, and the answer has no values.',
  emptied: 'Upstream answered without values where it had some before.',
} as const
type Wordless = keyof typeof wordless

function Polls({ tz }: { tz: string }) {
  const [outcome, setOutcome] = useState<Wordless>('refused')
  const from = useState(() => new Date(nowMs() - 86_400_000).toISOString())[0]
  const answer = useAnswer<Rows<Poll>>(pathOf('polls', { outcome, from, limit: 50 }), { everyMs })
  return (
    <>
      <div class="tools">
        {(Object.keys(wordless) as Wordless[]).map((each) => (
          <button key={each} type="button" aria-pressed={each === outcome} onClick={() => setOutcome(each)}>
            {each}
          </button>
        ))}
        <span class="hint">{wordless[outcome]}</span>
      </div>
      <Shown
        answer={answer}
        isEmpty={({ data }) => data.length === 0}
        empty={`No poll of the last 24 hours was ${outcome}.`}
      >
        {({ data }) => <PollTable polls={data} tz={tz} hasWindow />}
      </Shown>
    </>
  )
}
