import type { Poll } from '../api/records.ts'
import { minuteText, secondText } from '../local-time.ts'

/** Polls, one a row: when, what came of it, and what upstream said. `hasWindow`: they are of several datasets. */
export function PollTable({ polls, tz, hasWindow = false }: { polls: Poll[]; tz: string; hasWindow?: boolean }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>At</th>
            {hasWindow && <th>Dataset</th>}
            {hasWindow && <th>Window</th>}
            <th>Outcome</th>
            <th>What upstream said</th>
          </tr>
        </thead>
        <tbody>
          {polls.map((poll) => (
            <tr key={`${poll.fetched_at} ${poll.dataset} ${poll.window_start} ${poll.selector}`}>
              <td>{secondText(Date.parse(poll.fetched_at), tz)}</td>
              {hasWindow && <td>{poll.dataset}</td>}
              {hasWindow && <td>{minuteText(Date.parse(poll.window_start), tz)}</td>}
              <td>
                {poll.outcome} {poll.status}
              </td>
              <td>{poll.error ?? `${poll.bytes} bytes in ${poll.duration_ms} ms`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
