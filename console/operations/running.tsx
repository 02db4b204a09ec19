import { useAnswer } from '../api/request.ts'
import { Shown } from '../layout/states.tsx'
import { minuteText } from '../local-time.ts'
import { Action } from './action.tsx'
import type { HostBudget, Lag, Part } from './records.ts'

const everyMs = 10_000
const marks = { ready: 'complete', 'not-ready': 'partial', away: 'late', unknown: 'unknown' } as const

/** What runs, what is behind, and what upstreams allow. */
export function Running({ tz }: { tz: string }) {
  const parts = useAnswer<{ data: Part[] }>('parts', { everyMs })
  const lag = useAnswer<{ data: Lag[] }>('lag', { everyMs })
  return (
    <>
      <h2>Parts</h2>
      <Shown answer={parts}>
        {({ data }) => (
          <ul class="legend">
            {data.map(({ part, state, reason }) => (
              <li key={part}>
                {part} <span class={`mark mark-${marks[state]}`}>{state}</span> <span class="faint">{reason}</span>
              </li>
            ))}
          </ul>
        )}
      </Shown>
      <h2>Lag</h2>
      <Shown answer={lag}>{({ data }) => <LagTable lags={data.filter(({ records }) => records > 0)} />}</Shown>
      <h2>Upstream hosts</h2>
      <Hosts tz={tz} />
    </>
  )
}

function LagTable({ lags }: { lags: Lag[] }) {
  if (lags.length === 0) return <p>Every consumer has read everything.</p>
  return (
    <table class="names">
      <thead>
        <tr>
          <th>Consumer</th>
          <th>Topic</th>
          <th class="number">Behind, s</th>
          <th class="number">Records</th>
        </tr>
      </thead>
      <tbody>
        {lags.map(({ group, topic, records, seconds }) => (
          <tr key={`${group} ${topic}`}>
            <td>{group}</td>
            <td>{topic}</td>
            <td class="number">{seconds === null ? 'not known' : seconds.toFixed(1)}</td>
            <td class="number">{records}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Hosts({ tz }: { tz: string }) {
  const hosts = useAnswer<{ data: HostBudget[]; datasets: { dataset: string; host: string }[] }>('hosts', { everyMs })
  return (
    <Shown answer={hosts} isEmpty={({ data }) => data.length === 0} empty="The poller asks no host.">
      {({ data, datasets }) => (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>Source</th>
                <th>Host</th>
                <th class="number">Requests in a minute</th>
                <th>State</th>
                <th>Change</th>
              </tr>
            </thead>
            <tbody>
              {data.map((host) => (
                <tr key={host.host}>
                  <th scope="row">{sourcesOf(host.host, datasets)}</th>
                  <td>{host.host}</td>
                  <td class="number">
                    {host.sentLastMinute} of {host.perMinute}
                  </td>
                  <td>{hostState(host, tz)}</td>
                  <td>
                    {host.pausedUntil !== null && (
                      <Action
                        title="Ask again now"
                        path={`hosts/${encodeURIComponent(host.host)}/resume`}
                        body={{}}
                        command={`npx tidemark resume ${host.host}`}
                      />
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Shown>
  )
}

function hostState({ pausedUntil, pauseReason, unreachable }: HostBudget, tz: string): string {
  if (pausedUntil !== null) return `paused until ${minuteText(Date.parse(pausedUntil), tz)}: ${pauseReason}`
  if (unreachable !== null)
    return `does not answer since ${minuteText(Date.parse(unreachable.since), tz)}: ${unreachable.reason}`
  return 'answers'
}

const sourcesOf = (host: string, datasets: readonly { dataset: string; host: string }[]): string =>
  [...new Set(datasets.filter((each) => each.host === host).map(({ dataset }) => dataset.split('.')[0]))].join(', ')
