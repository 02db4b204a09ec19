import { minuteText, timeText } from '../local-time.ts'
import { valueText } from '../pages/change-table.tsx'
import { boundariesOf, missingWord, pointAt, type SeriesHistory, versionAt } from './knowledge.ts'
import { deliveryHour } from './time-axis.ts'

/** The values of a chart as a table: as of the instant, and as first published where that differs. */
export function SeriesTable({
  histories,
  atMs,
  tz,
  onPoint,
}: {
  histories: SeriesHistory[]
  atMs: number | null
  tz: string
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
              <th key={name} class="number">
                {name} {unit}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {boundaries.slice(0, -1).map((ms, _index) => (
            <tr key={ms}>
              <th scope="row">
                <button type="button" class="link" onClick={() => onPoint(ms)}>
                  {minuteText(ms, tz)}
                </button>
              </th>
              {tz !== 'UTC' && <td>{timeText(ms, 'UTC')}</td>}
              <td class="number">{deliveryHour(ms, zone)}</td>
              {histories.map((history) => (
                <td key={history.name} class="number">
                  <Cell history={history} ms={ms} atMs={atMs} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Cell({ history: { points }, ms, atMs }: { history: SeriesHistory; ms: number; atMs: number | null }) {
  const point = pointAt(points, ms)
  const version = point === undefined ? undefined : versionAt(point, atMs)
  const first = point?.versions[0]
  const text = version === undefined || version.value === null ? missingWord(version) : valueText(version.value)
  if (version === undefined || first === undefined || first.value === version.value) return <>{text}</>
  return (
    <>
      {text} <span class="faint">first {first.value === null ? 'no value' : valueText(first.value)}</span>
    </>
  )
}
