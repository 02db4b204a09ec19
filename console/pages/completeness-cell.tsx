import type { DatasetReport, Poll, Rows, WindowState } from '../api/records.ts'
import { pathOf, useAnswer } from '../api/request.ts'
import { ClassMark, causeText } from '../layout/classes.tsx'
import { Shown } from '../layout/states.tsx'
import { addDays, dayStart, minuteText, secondText } from '../local-time.ts'
import { PollTable } from './poll-table.tsx'

const shownWindows = 200
const shownPolls = 50

/** The windows of a dataset on a day: their class, whose fault it is, and the polls that asked for them. */
export function CellPanel({
  dataset,
  zone,
  day,
  at,
  tz,
  report,
  onClose,
}: {
  dataset: string
  zone: string
  day: string
  at: string | null
  tz: string
  report: DatasetReport | undefined
  onClose: () => void
}) {
  const span = {
    from: new Date(dayStart(day, zone)).toISOString(),
    to: new Date(dayStart(addDays(day, 1), zone)).toISOString(),
  }
  const windows = useAnswer<Rows<WindowState>>(pathOf('completeness', { dataset, ...span, at, limit: shownWindows }))
  return (
    <section class="panel" aria-label={`${dataset} on ${day}`}>
      <h2>
        {dataset}, {day}
      </h2>
      <p>
        <button type="button" class="link" onClick={onClose}>
          Close
        </button>{' '}
        <a href={`/catalogue?dataset=${encodeURIComponent(dataset)}`}>What it is</a>
      </p>
      {report?.punctuality && (
        <p class="hint">
          Usually complete at {report.punctuality.p50}, at the latest {report.punctuality.latest}; expected by{' '}
          {report.punctuality.expectedBy ?? 'no known time'}.
        </p>
      )}
      <Shown
        answer={windows}
        isEmpty={({ data }) => data.length === 0}
        empty="No window of this day is known: it was never asked for. A backfill fetches it: Operations, Fetch or read again."
      >
        {({ data }) => (
          <ul class="windows">
            {data.map((row) => (
              <li key={`${row.window_start} ${row.selector}`}>
                <WindowLine row={row} tz={tz} />
              </li>
            ))}
          </ul>
        )}
      </Shown>
      <h3>Polls of these windows</h3>
      <Polls dataset={dataset} span={span} tz={tz} />
    </section>
  )
}

function WindowLine({ row, tz }: { row: WindowState; tz: string }) {
  const { selector, window_start: start, window_end: end, cause, detail, since, expected_by: expectedBy, why } = row
  return (
    <>
      {minuteText(Date.parse(start), tz)} to {minuteText(Date.parse(end), tz)} {selector} <ClassMark of={row.class} />
      {row.points !== null &&
        ` ${row.points}${row.expected_points === null ? '' : ` of ${row.expected_points}`} points`}
      {row.keys !== null &&
        row.usual_keys !== null &&
        row.keys < row.usual_keys &&
        `, ${row.keys} of usually ${row.usual_keys} keys`}
      {since !== null && ` since ${secondText(Date.parse(since), tz)}`}
      {expectedBy !== null && <span class="faint"> expected by {minuteText(Date.parse(expectedBy), tz)}</span>}
      {cause !== null && (
        <div class="cause">
          {causeText(cause)}
          {detail !== null && detail !== '' && `: ${detail}`}
        </div>
      )}
      {why !== null && why !== '' && <div class="cause">{why}</div>}
    </>
  )
}

function Polls({
  dataset,
  span: { from, to },
  tz,
}: {
  dataset: string
  span: { from: string; to: string }
  tz: string
}) {
  const answer = useAnswer<Rows<Poll>>(pathOf('polls', { dataset, windowFrom: from, windowTo: to, limit: shownPolls }))
  return (
    <Shown
      answer={answer}
      isEmpty={({ data }) => data.length === 0}
      empty="Upstream was not asked for these windows yet. A window that is not yet due is asked for from the time that the catalogue says; one of the past is fetched by a backfill: Operations, Fetch or read again."
    >
      {({ data }) => <PollTable polls={data} tz={tz} />}
    </Shown>
  )
}
