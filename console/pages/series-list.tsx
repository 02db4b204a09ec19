import { hrefTo } from '../address.ts'
import type { SeriesName } from '../api/records.ts'
import { seriesState } from './page-states.ts'

/** Series, each a link to its values. */
export function SeriesList({ series, tz }: { series: SeriesName[]; tz: string }) {
  return (
    <ul class="series-list">
      {series.map(({ dataset, key, labels, unit }) => (
        <li key={`${dataset}/${key}`}>
          <a href={hrefTo('/series', seriesState, { s: [`${dataset}/${key}`], tz })}>{key}</a>{' '}
          <span class="faint">
            {dataset},{' '}
            {Object.entries(labels)
              .map(([name, value]) => `${name} ${value}`)
              .join(', ')}{' '}
            {unit}
          </span>
        </li>
      ))}
    </ul>
  )
}
