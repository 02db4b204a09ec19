import type { DatasetReport, Poll, Rows, WindowState } from '../api/records.ts'
import { pathOf, useAnswer } from '../api/request.ts'
import { ClassMark, causeText } from '../layout/classes.tsx'
import { Shown } from '../layout/states.tsx'
import { addDays, dayStart, minuteText, secondText, withoutDay } from '../local-time.ts'
import { PollTable } from './poll-table.tsx'
import { completeText } from './punctuality-text.ts'

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
          Complete at {completeText(report.punctuality)}; expected by {report.punctuality.expectedBy ?? 'no known time'}
          .
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
                <WindowLine row={row} day={day} tz={tz} />
              </li>
            ))}
          </ul>
        )}
      </Shown>
      <h3>Polls of these windows</h3>
      <Polls dataset={dataset} span={span} day={day} tz={tz} />
    </section>
  )
}

/** Instants of the day that is named above have no date. */
function WindowLine({ row, day, tz }: { row: WindowState; day: string; tz: string }) {
  const time = (iso: string): string => withoutDay(minuteText(Date.parse(iso), tz), dayStart(day, tz), tz)
  const { selector, window_start: start, window_end: end, cause, detail, since, expected_by: expectedBy, why } = row
  return (
    <>
      {time(start)} to {time(end)} {selector} <ClassMark of={row.class} />
      {row.points !== null &&
        ` ${row.points}${row.expected_points === null ? '' : ` of ${row.expected_points}`} points`}
      {row.keys !== null &&
        row.usual_keys !== null &&
        row.keys < row.usual_keys &&
        `, ${row.keys} of usually ${row.usual_keys} keys`}
      {since !== null && ` since ${withoutDay(secondText(Date.parse(since), tz), dayStart(day, tz), tz)}`}
      {expectedBy !== null && <span class="faint"> expected by {time(expectedBy)}</span>}
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
  day,
  tz,
}: {
  dataset: string
  span: { from: string; to: string }
  day: string
  tz: string
}) {
  const answer = useAnswer<Rows<Poll>>(pathOf('polls', { dataset, windowFrom: from, windowTo: to, limit: shownPolls }))
  return (
    <Shown
      answer={answer}
      isEmpty={({ data }) => data.length === 0}
      empty="Upstream was not asked for these windows yet. A window that is not yet due is asked for from the time that the catalogue says; one of the past is fetched by a backfill: Operations, Fetch or read again."
    >
      {({ data }) => <PollTable polls={data} tz={tz} day={day} />}
    </Shown>
  )
}
