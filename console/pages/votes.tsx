import { useState } from '../address.ts'
import type { Rows, Week } from '../api/records.ts'
import { pathOf, useAnswer } from '../api/request.ts'
import { Shown } from '../layout/states.tsx'
import { TableToggle } from '../layout/table-toggle.tsx'
import { flag, oneOf, pageState, zone } from '../page-state.ts'
import './votes.css'

const votesState = pageState({ view: oneOf('chart', 'table'), outliers: flag, tz: zone })

/** The number of votes of each week, and the weeks that stand out. */
export function Votes() {
  const { state, change } = useState(votesState)
  const answer = useAnswer<Rows<Week>>(pathOf('votes/weeks', { limit: 10_000 }), { everyMs: 60_000 })
  return (
    <>
      <h1>Votes</h1>
      <Shown
        answer={answer}
        isEmpty={({ data }) => data.length === 0}
        empty={
          <>
            No votes were read yet. <code>npx tidemark ingest votes FILE</code> reads a file.
          </>
        }
      >
        {({ data }) => {
          const outliers = data.filter(({ IsOutlier }) => Boolean(IsOutlier))
          const mean = data.reduce((sum, { VoteCount }) => sum + VoteCount, 0) / data.length
          return (
            <>
              <p>
                Votes on the posts of a Stack Exchange site, read from files. {outliers.length} of {data.length} weeks
                deviate from the mean of {mean.toFixed(1)} votes by more than 20 %.
              </p>
              <div class="tools">
                <TableToggle view={state.view} onChange={(view) => change({ view })} />
                <label>
                  <input
                    type="checkbox"
                    checked={state.outliers}
                    onChange={() => change({ outliers: !state.outliers })}
                  />{' '}
                  only the weeks that stand out
                </label>
              </div>
              {state.view === 'chart' ? (
                <Bars weeks={state.outliers ? outliers : data} mean={mean} />
              ) : (
                <WeekTable weeks={state.outliers ? outliers : data} mean={mean} />
              )}
            </>
          )
        }}
      </Shown>
    </>
  )
}

const nameOf = ({ Year, WeekNumber }: Week): string => `${Year} week ${WeekNumber}`
const height = 240
/** Fewer weeks do not have wider bars. */
const minBars = 52

/** A bar a week; those that stand out have another colour. A line shows the mean, a band what is usual. */
function Bars({ weeks, mean }: { weeks: Week[]; mean: number }) {
  const max = Math.max(0, ...weeks.map(({ VoteCount }) => VoteCount))
  const room = 1.05 * Math.max(max, mean * 1.2)
  const y = (votes: number): number => height * (1 - votes / room)
  const width = Math.max(weeks.length, minBars)
  return (
    <figure class="weeks">
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-labelledby="weeks-title">
        <title id="weeks-title">Votes of {weeks.length} weeks. “Show as table” lists them.</title>
        <rect class="usual" x={0} width={width} y={y(mean * 1.2)} height={y(mean * 0.8) - y(mean * 1.2)} />
        {weeks.map((week, index) => (
          <rect
            key={nameOf(week)}
            class={week.IsOutlier ? 'outlier' : 'ordinary'}
            x={index + 0.1}
            width={0.8}
            y={y(week.VoteCount)}
            height={height - y(week.VoteCount)}
          >
            <title>
              {nameOf(week)}: {week.VoteCount} votes
            </title>
          </rect>
        ))}
        <line class="mean" x1={0} x2={width} y1={y(mean)} y2={y(mean)} />
      </svg>
      <figcaption class="hint">
        {weeks[0] !== undefined && `${nameOf(weeks[0])} to ${nameOf(weeks.at(-1) ?? weeks[0])}.`} Grey band: within 20 %
        of the mean.
      </figcaption>
    </figure>
  )
}

const WeekTable = ({ weeks, mean }: { weeks: Week[]; mean: number }) => (
  <table>
    <thead>
      <tr>
        <th class="number">Year</th>
        <th class="number">Week</th>
        <th class="number">Votes</th>
        <th class="number">Of the mean</th>
        <th>Stands out</th>
      </tr>
    </thead>
    <tbody>
      {weeks.map((week) => (
        <tr key={nameOf(week)}>
          <td class="number">{week.Year}</td>
          <td class="number">{week.WeekNumber}</td>
          <td class="number">{week.VoteCount}</td>
          <td class="number">{((100 * week.VoteCount) / mean).toFixed(1)} %</td>
          <td>{week.IsOutlier ? 'yes' : ''}</td>
        </tr>
      ))}
    </tbody>
  </table>
)
