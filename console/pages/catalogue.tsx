import { useState } from '../address.ts'
import type { Dataset, Rows, SeriesName } from '../api/records.ts'
import { pathOf, useAnswer } from '../api/request.ts'
import { Choice } from '../layout/choice.tsx'
import { Shown } from '../layout/states.tsx'
import { DatasetPage } from './dataset-page.tsx'
import { catalogueState } from './page-states.ts'
import { SeriesList } from './series-list.tsx'

const shownSeries = 50
const schedules = ['auto', 'on-demand', 'off'] as const

/** Searches datasets and series as one types, and shows what a dataset is. */
export function Catalogue() {
  const { state } = useState(catalogueState)
  return state.dataset === '' ? <Search /> : <DatasetPage name={state.dataset} />
}

function Search() {
  const { state, change, hrefOf } = useState(catalogueState)
  const datasets = useAnswer<{ data: Dataset[] }>(pathOf('datasets', { q: state.q }))
  const words = state.q.trim()
  const series = useAnswer<Rows<SeriesName>>(words === '' ? null : pathOf('series', { q: words, limit: shownSeries }))
  const sources = useAnswer<{ data: Dataset[] }>('datasets')
  const names = sources.state === 'ready' ? [...new Set(sources.value.data.map(({ source }) => source))] : []
  const isWanted = ({ source, schedule }: Dataset): boolean =>
    (state.source === '' || state.source === source) && (state.schedule === '' || state.schedule === schedule)
  return (
    <>
      <h1>Catalogue</h1>
      <div class="tools">
        <label>
          Search{' '}
          <input
            type="search"
            class="long"
            value={state.q}
            placeholder="capacity AT DE"
            onInput={({ currentTarget }) => change({ q: currentTarget.value }, { replace: true })}
          />
        </label>
        <Choice title="Source" names={names} value={state.source} onChange={(source) => change({ source })} />
        <Choice
          title="Collected"
          names={schedules}
          value={state.schedule}
          onChange={(schedule) => change({ schedule: schedules.find((each) => each === schedule) ?? '' })}
        />
      </div>
      <Shown
        answer={datasets}
        isEmpty={({ data }) => !data.some(isWanted)}
        empty="No dataset has all of these words, in its declaration or in the names of its series. Try fewer, or a zone such as AT."
      >
        {({ data }) => (
          <>
            <h2>{data.filter(isWanted).length} datasets</h2>
            <table class="wide">
              <thead>
                <tr>
                  <th>Dataset</th>
                  <th>What it is</th>
                  <th>Unit</th>
                  <th>Expected by</th>
                  <th>Collected</th>
                </tr>
              </thead>
              <tbody>
                {data.filter(isWanted).map((each) => (
                  <tr key={each.dataset}>
                    <th scope="row">
                      <a href={hrefOf({ dataset: each.dataset })}>{each.dataset}</a>
                    </th>
                    <td>{each.title}</td>
                    <td>{each.unit}</td>
                    <td>{expectedText(each)}</td>
                    <td>{each.schedule}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </>
        )}
      </Shown>
      {words !== '' && <FoundSeries answer={series} tz={state.tz} />}
    </>
  )
}

function FoundSeries({ answer, tz }: { answer: ReturnType<typeof useAnswer<Rows<SeriesName>>>; tz: string }) {
  return (
    <section>
      <h2>Series</h2>
      <Shown answer={answer} isEmpty={({ data }) => data.length === 0} empty="No stored series has all of these words.">
        {({ data, next }) => (
          <>
            <SeriesList series={data} tz={tz} />
            {next !== null && <p class="hint">These are the first {shownSeries}. More words narrow it.</p>}
          </>
        )}
      </Shown>
    </section>
  )
}

/** By when a window is expected: local time, and how many days before delivery. */
function expectedText({ expected, due, zone }: Dataset): string {
  if (expected === null) return due
  if (!('expectedBy' in expected)) return 'not known'
  return `${expected.expectedBy} ${/D-\d+/.exec(due)?.[0] ?? ''} ${zone}`
}
