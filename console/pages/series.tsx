import { useState as useLocal, useMemo } from 'preact/hooks'
import { useState } from '../address.ts'
import { useLive } from '../api/live.ts'
import { Empty, Failed, Loading } from '../layout/states.tsx'
import { TableToggle } from '../layout/table-toggle.tsx'
import { addDays, dayAt, dayStart } from '../local-time.ts'
import { AsOfSlider } from '../series/as-of-slider.tsx'
import { Chart, colourOf } from '../series/chart.tsx'
import { CopyLinks } from '../series/copy-links.tsx'
import { type Loaded, splitName, useHistories } from '../series/history.ts'
import { knownInstants } from '../series/knowledge.ts'
import { MissingList } from '../series/missing-list.tsx'
import { PointPanel } from '../series/point-panel.tsx'
import { SeriesSearch } from '../series/series-search.tsx'
import { SeriesTable } from '../series/series-table.tsx'
import { seriesState } from './page-states.ts'
import '../series/series.css'

/** The days that are shown without `from` and `to`: today and tomorrow. */
function spanOf({ from, to, tz }: { from: string | null; to: string | null; tz: string }) {
  const first = from ?? (to === null ? dayAt(Date.now(), tz) : addDays(to, -1))
  const last = to ?? addDays(first, 1)
  return { first, last: [first, last].toSorted().at(-1) ?? first }
}

/** More lines than this cannot be told apart. */
const maxSeries = 12

/** One or several series on one axis of time, as of any instant. */
export function Series() {
  const { state, change } = useState(seriesState)
  const { tz } = state
  const names = state.s.slice(0, maxSeries)
  const { first, last } = spanOf(state)
  const span = { fromMs: dayStart(first, tz), toMs: dayStart(addDays(last, 1), tz) }
  const [version, setVersion] = useLocal(0)
  const found = useHistories(names, span, version)
  const datasets = [...new Set(names.map((name) => splitName(name).dataset))]
  useLive(datasets.length === 1 ? `kinds=answer&dataset=${encodeURIComponent(datasets[0] ?? '')}` : null, () =>
    setVersion((count) => count + 1),
  )
  const move = (days: number) =>
    change({ from: addDays(first, days), to: addDays(last, days), point: null, known: null })
  return (
    <>
      <h1>Series</h1>
      <div class="tools">
        <SeriesSearch chosen={names} onChoose={(name) => change({ s: [...names, name] })} />
        <label>
          From{' '}
          <input
            type="date"
            value={first}
            onChange={({ currentTarget }) => change({ from: currentTarget.value || null, to: last })}
          />
        </label>
        <label>
          to{' '}
          <input
            type="date"
            value={last}
            onChange={({ currentTarget }) => change({ from: first, to: currentTarget.value || null })}
          />
        </label>
        <button type="button" onClick={() => move(-1)}>
          ← a day
        </button>
        <button type="button" onClick={() => move(1)}>
          a day →
        </button>
        <TableToggle view={state.view} onChange={(view) => change({ view })} />
      </div>
      <Legend
        names={names}
        hidden={state.hide}
        onHide={(hide) => change({ hide })}
        onRemove={(s) => change({ s, point: null })}
      />
      {state.s.length > maxSeries && (
        <p class="hint">
          The first {maxSeries} of {state.s.length} series are shown.
        </p>
      )}
      {names.length === 0 ? (
        <Empty>Search for a dataset, a key or a zone, and choose a series. Several series share one axis.</Empty>
      ) : found.state === 'loading' ? (
        <Loading />
      ) : found.state === 'failed' ? (
        <Failed problem={found.problem} />
      ) : (
        <Shown loaded={found.value} span={{ first, last }} />
      )}
    </>
  )
}

function Shown({ loaded, span }: { loaded: Loaded; span: { first: string; last: string } }) {
  const { state, change } = useState(seriesState)
  const { tz } = state
  // Where the slider is while it moves. null: where the URL says.
  const [dragged, setDragged] = useLocal<{ ms: number | null } | null>(null)
  const atMs = dragged === null ? state.at : dragged.ms
  const instants = useMemo(() => knownInstants(loaded.histories), [loaded])
  const opened = loaded.histories.find(({ name }) => !state.hide.includes(name))
  if (loaded.histories.every(({ points }) => points.every(({ versions }) => versions.length === 0)))
    return (
      <Empty>
        Nothing was ever known of these days. <a href="/completeness">Completeness</a> shows which days are there.
        <MissingList missing={loaded.missing} tz={tz} />
      </Empty>
    )
  return (
    <div class={state.point === null ? undefined : 'columns'}>
      <div>
        {state.view === 'chart' ? (
          <Chart
            loaded={loaded}
            atMs={atMs}
            tz={tz}
            hidden={state.hide}
            pointMs={state.point}
            onPoint={(point) => change({ point, known: null })}
          />
        ) : (
          <SeriesTable
            histories={loaded.histories}
            atMs={atMs}
            tz={tz}
            onPoint={(point) => change({ point, known: null })}
          />
        )}
        <MissingList missing={loaded.missing} tz={tz} />
        <AsOfSlider
          instants={instants}
          atMs={atMs}
          tz={tz}
          onDrag={(ms) => setDragged({ ms })}
          onChange={(ms) => {
            setDragged(null)
            change({ at: ms }, { replace: true })
          }}
        />
        <CopyLinks names={state.s} span={span} tz={tz} atMs={atMs} />
      </div>
      {state.point !== null && (
        <div>
          {(loaded.histories.length > 1 ? loaded.histories : [opened]).map(
            (history) =>
              history !== undefined &&
              state.point !== null && (
                <PointPanel
                  key={history.name}
                  history={history}
                  pointMs={state.point}
                  knownMs={state.known}
                  tz={tz}
                  onKnown={(known) => change({ known })}
                  onClose={() => change({ point: null, known: null })}
                />
              ),
          )}
        </div>
      )}
    </div>
  )
}

function Legend({
  names,
  hidden,
  onHide,
  onRemove,
}: {
  names: string[]
  hidden: string[]
  onHide: (names: string[]) => void
  onRemove: (names: string[]) => void
}) {
  if (names.length === 0) return null
  return (
    <ul class="legend">
      {names.map((name, index) => {
        const isHidden = hidden.includes(name)
        return (
          <li key={name}>
            <svg width="14" height="14" aria-hidden="true">
              <title>Colour of the series</title>
              <rect width="14" height="14" rx="3" fill={colourOf(index)} />
            </svg>{' '}
            <button
              type="button"
              aria-pressed={!isHidden}
              onClick={() => onHide(isHidden ? hidden.filter((one) => one !== name) : [...hidden, name])}
            >
              {name}
            </button>
            <button
              type="button"
              aria-label={`Take ${name} away`}
              onClick={() => onRemove(names.filter((one) => one !== name))}
            >
              ✕
            </button>
          </li>
        )
      })}
    </ul>
  )
}
