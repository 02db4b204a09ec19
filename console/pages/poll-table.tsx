import type { Poll } from '../api/records.ts'
import { dayStart, minuteText, secondText, withoutDay } from '../local-time.ts'

/**
 * Polls, one a row: when, what came of it, and what upstream said. `hasWindow`: they are of
 * several datasets. `day`: the day that is named above, of which instants have no date. */
export function PollTable({
  polls,
  tz,
  day = null,
  hasWindow = false,
}: {
  polls: Poll[]
  tz: string
  day?: string | null
  hasWindow?: boolean
}) {
  const time = (iso: string): string => {
    const text = secondText(Date.parse(iso), tz)
    return day === null ? text : withoutDay(text, dayStart(day, tz), tz)
  }
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
              <td>{time(poll.fetched_at)}</td>
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
