import { minuteText, timeText } from '../local-time.ts'
import { valueText } from '../pages/change-table.tsx'
import { boundariesOf, linesOf, type SeriesHistory } from './knowledge.ts'
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
  const lines = histories.map((history) => linesOf(history, boundaries, atMs))
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Time in {tz}</th>
            <th>UTC</th>
            <th class="number">Hour</th>
            {histories.map(({ name, unit }) => (
              <th key={name} class="number">
                {name} {unit}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {boundaries.slice(0, -1).map((ms, index) => (
            <tr key={ms}>
              <th scope="row">
                <button type="button" class="link" onClick={() => onPoint(ms)}>
                  {minuteText(ms, tz)}
                </button>
              </th>
              <td>{timeText(ms, 'UTC')}</td>
              <td class="number">{deliveryHour(ms, tz)}</td>
              {lines.map(({ asOf, first }, of) => (
                <td key={histories[of]?.name} class="number">
                  {valueText(asOf[index] ?? null)}
                  {first[index] !== asOf[index] && <span class="faint"> first {valueText(first[index] ?? null)}</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
