import { Fragment } from 'preact'
import { minuteText, timeText } from '../local-time.ts'
import { valueText } from '../value-text.ts'
import { boundariesOf, missingWord, pointAt, type SeriesHistory, type Version, versionAt } from './knowledge.ts'
import { deliveryHour } from './time-axis.ts'

/**
 * The values of a chart as a table: as of the instant, and as first published where that differs. As of the past, a column
 * has the newest values beside them.
 */
export function SeriesTable({
  histories,
  atMs,
  tz,
  pointMs,
  onPoint,
}: {
  histories: SeriesHistory[]
  atMs: number | null
  tz: string
  /** The point that is open. null: none. */
  pointMs: number | null
  onPoint: (ms: number) => void
}) {
  const boundaries = boundariesOf(histories)
  const zone = histories[0]?.zone ?? tz
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Time in {tz}</th>
            {tz !== 'UTC' && <th>UTC</th>}
            <th class="number">Hour</th>
            {histories.map(({ name, unit }) => (
              <Fragment key={name}>
                <th class="number">
                  {name} {unit}
                </th>
                {atMs !== null && <th class="number">now</th>}
              </Fragment>
            ))}
          </tr>
        </thead>
        <tbody>
          {boundaries.slice(0, -1).map((ms, index) => (
            <tr key={ms} class={isOpen(pointMs, ms, boundaries[index + 1]) ? 'chosen' : undefined}>
              <th scope="row">
                <button type="button" class="link" onClick={() => onPoint(ms)}>
                  {minuteText(ms, tz)}
                </button>
              </th>
              {tz !== 'UTC' && <td>{timeText(ms, 'UTC')}</td>}
              <td class="number">{deliveryHour(ms, zone)}</td>
              {histories.map((history) => (
                <Fragment key={history.name}>
                  <td class="number">
                    <Cell history={history} ms={ms} atMs={atMs} />
                  </td>
                  {atMs !== null && <td class="number">{textAt(history, ms, null)}</td>}
                </Fragment>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const isOpen = (pointMs: number | null, ms: number, nextMs: number | undefined): boolean =>
  pointMs !== null && pointMs >= ms && pointMs < (nextMs ?? Number.POSITIVE_INFINITY)

const textOf = (version: Version | undefined): string =>
  version === undefined || version.value === null ? missingWord(version) : valueText(version.value)

function textAt({ points }: SeriesHistory, ms: number, atMs: number | null): string {
  const point = pointAt(points, ms)
  return textOf(point === undefined ? undefined : versionAt(point, atMs))
}

function Cell({ history, ms, atMs }: { history: SeriesHistory; ms: number; atMs: number | null }) {
  const point = pointAt(history.points, ms)
  const version = point === undefined ? undefined : versionAt(point, atMs)
  const first = point?.versions[0]
  if (version === undefined || first === undefined || first.value === version.value) return <>{textOf(version)}</>
  return (
    <>
      {textOf(version)} <span class="faint">first {valueText(first.value)}</span>
    </>
  )
}
