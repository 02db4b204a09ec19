import { useState } from 'preact/hooks'
import type { Rows } from '../api/records.ts'
import { pathOf, useAnswer } from '../api/request.ts'
import { Shown } from '../layout/states.tsx'
import { secondText } from '../local-time.ts'
import { DatasetChoice } from '../pages/dataset-choice.tsx'
import { Action } from './action.tsx'
import { Details } from './details.tsx'
import type { Job, Replay } from './records.ts'

const jobsEveryMs = 2_000

/** Fetching again, reading again, and how far that is. */
export function Again({ tz }: { tz: string }) {
  const [asked, setAsked] = useState({ dataset: '', from: '', to: '' })
  const [version, setVersion] = useState(0)
  const again = (): void => setVersion((count) => count + 1)
  const { dataset, from, to } = asked
  const days = { ...(from !== '' && { from }), ...(to !== '' && { to }) }
  const flags = `${dataset}${from === '' ? '' : ` --from ${from}`}${to === '' ? '' : ` --to ${to}`}`
  const jobs = useAnswer<{ data: Job[] }>('jobs', { everyMs: jobsEveryMs, refresh: version })
  const replays = useAnswer<Rows<Replay>>(pathOf('replays', { limit: 20 }), { refresh: version })
  return (
    <>
      <h2>Fetch or read again</h2>
      <div class="tools">
        <DatasetChoice value={dataset} onChange={(name) => setAsked({ ...asked, dataset: name })} />
        <label>
          From{' '}
          <input
            type="date"
            value={from}
            onChange={({ currentTarget }) => setAsked({ ...asked, from: currentTarget.value })}
          />
        </label>
        <label>
          to{' '}
          <input
            type="date"
            value={to}
            onChange={({ currentTarget }) => setAsked({ ...asked, to: currentTarget.value })}
          />
        </label>
      </div>
      {dataset === '' ? (
        <p class="hint">
          Choose a dataset. A backfill fetches days from upstream; a replay reads stored answers with today's code.
        </p>
      ) : (
        <div class="tools">
          {(from === '' || to === '') && <span class="hint">A backfill needs both days.</span>}
          {from !== '' && to !== '' && (
            <Action
              title="Backfill"
              path="backfills"
              body={{ dataset, from, to }}
              command={`npx tidemark backfill ${flags}`}
              onDone={again}
            />
          )}
          <Action
            title="Dry run of a replay"
            path="dry-runs"
            body={{ dataset, ...days }}
            command={`npx tidemark replay ${flags} --dry-run`}
            onDone={again}
          />
          <Action
            title="Replay"
            path="replays"
            body={{ dataset, ...days }}
            command={`npx tidemark replay ${flags}`}
            onDone={again}
          />
        </div>
      )}
      <h2>Jobs</h2>
      <Shown
        answer={jobs}
        isEmpty={({ data }) => data.length === 0}
        empty="This API has begun no job since it started."
      >
        {({ data }) => (
          <ul>
            {data.map((job) => (
              <li key={job.id}>
                <strong>{job.action}</strong> by {job.who}, {secondText(Date.parse(job.startedAt), tz)}:{' '}
                <span
                  class={`mark mark-${job.state === 'failed' ? 'late' : job.state === 'done' ? 'complete' : 'not-yet-due'}`}
                >
                  {job.state}
                </span>
                {job.state === 'running' && <Details value={job.progress} />}
                {job.failed !== null && <p>{job.failed}</p>}
                {job.state === 'done' && (
                  <details>
                    <summary>What came of it</summary>
                    <Details value={job.result} />
                  </details>
                )}
              </li>
            ))}
          </ul>
        )}
      </Shown>
      <h2>Replays</h2>
      <Shown answer={replays} isEmpty={({ data }) => data.length === 0} empty="Nothing was read again yet.">
        {({ data }) => (
          <ul>
            {data.map((replay) => (
              <li key={replay.id}>
                {secondText(Date.parse(replay.started_at), tz)} {replay.kind} of {replay.dataset}: {replay.state},{' '}
                {replay.who}: {replay.why} {replay.message}
              </li>
            ))}
          </ul>
        )}
      </Shown>
    </>
  )
}
