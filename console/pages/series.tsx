import { useState as useLocal } from 'preact/hooks'
import { useState } from '../address.ts'
import { nowMs } from '../api/clock.ts'
import { useLive } from '../api/live.ts'
import { Empty, Failed, Loading } from '../layout/states.tsx'
import { TableToggle } from '../layout/table-toggle.tsx'
import { addDays, secondText } from '../local-time.ts'
import { AlertList } from '../series/alert-list.tsx'
import { useAlertMarks } from '../series/alert-marks.ts'
import { AsOfSlider } from '../series/as-of-slider.tsx'
import { firstKnown } from '../series/as-of-text.ts'
import { Chart, colourOf } from '../series/chart.tsx'
import { CopyLinks } from '../series/copy-links.tsx'
import { askedDays, type Days, filledDays, spanOfDays, within } from '../series/days.ts'
import { type Loaded, splitName, useHistories } from '../series/history.ts'
import type { SeriesHistory } from '../series/knowledge.ts'
import { MissingList } from '../series/missing-list.tsx'
import { PointPanel } from '../series/point-panel.tsx'
import { SeriesSearch } from '../series/series-search.tsx'
import { SeriesTable } from '../series/series-table.tsx'
import { seriesState } from './page-states.ts'
import '../series/series.css'

/** More lines than this cannot be told apart. */
const maxSeries = 12

/** One or several series on one axis of time, as of any instant. */
export function Series() {
  const { state, change } = useState(seriesState)
  const { tz } = state
  const names = state.s.slice(0, maxSeries)
  const asked = askedDays(state, nowMs())
  const [version, setVersion] = useLocal(0)
  const found = useHistories(names, spanOfDays(asked, tz), version)
  const isDefault = state.from === null && state.to === null
  const days = isDefault && found.state === 'ready' ? filledDays(found.value, asked, tz) : asked
  const { first, last } = days
  const datasets = [...new Set(names.map((name) => splitName(name).dataset))]
  useLive(datasets.length === 1 ? `kinds=answer&dataset=${encodeURIComponent(datasets[0] ?? '')}` : null, () =>
    setVersion((count) => count + 1),
  )
  const move = (days: number) =>
    change({ from: addDays(first, days), to: addDays(last, days), point: null, known: null })
  return (
    <>
      <h1>Series</h1>
      <FirstKnown loaded={found.state === 'ready' ? within(found.value, days, tz) : null} />
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
        <Shown loaded={within(found.value, days, tz)} days={days} version={version} />
      )}
    </>
  )
}

/** Keeps a line's place until there is something to say. */
const noText = '\u00a0'

/** When the span was published first, with links to what was known then and what is known now. */
function FirstKnown({ loaded }: { loaded: Loaded | null }) {
  const { state, hrefOf } = useState(seriesState)
  const first = loaded === null ? null : firstKnown(loaded.histories)
  if (first === null) return <p class="hint">{noText}</p>
  const [from, to] = [secondText(first.fromMs, state.tz), secondText(first.toMs, state.tz)]
  return (
    <p class="hint">
      First known {from}
      {to !== from && ` to ${to}`}. Show it as of the <a href={hrefOf({ at: first.toMs })}>first publication</a> or{' '}
      <a href={hrefOf({ at: null })}>now</a>.
    </p>
  )
}

function Shown({ loaded, days, version }: { loaded: Loaded; days: Days; version: number }) {
  const { state, change, hrefOf } = useState(seriesState)
  const { tz, point } = state
  const names = loaded.histories.map(({ name }) => name)
  const alerts = useAlertMarks(names, spanOfDays(days, tz), version)
  // Where the slider is while it moves. null: where the URL says.
  const [dragged, setDragged] = useLocal<{ ms: number | null } | null>(null)
  const atMs = dragged === null ? state.at : dragged.ms
  const onPoint = (ms: number): void => change({ point: ms, known: null })
  if (loaded.histories.every(({ points }) => points.every(({ versions }) => versions.length === 0)))
    return (
      <Empty>
        Nothing was ever known of these days. <a href="/completeness">Completeness</a> shows which days are there.
        <MissingList missing={loaded.missing} tz={tz} />
      </Empty>
    )
  return (
    <>
      <AsOfSlider
        histories={loaded.histories}
        atMs={atMs}
        tz={tz}
        nowHref={hrefOf({ at: null })}
        onDrag={(ms) => setDragged({ ms })}
        onChange={(ms) => {
          setDragged(null)
          change({ at: ms }, { replace: true })
        }}
      />
      <div class="with-side">
        <div>
          {state.view === 'chart' ? (
            <Chart {...{ loaded, alerts, atMs, tz, hidden: state.hide, pointMs: point, onPoint }} />
          ) : (
            <SeriesTable histories={loaded.histories} atMs={atMs} tz={tz} pointMs={point} onPoint={onPoint} />
          )}
        </div>
        <section class="side" aria-label="The open point">
          {point === null ? (
            <p class="hint">Click a time: all that was ever known of it stands here, with upstream's answer.</p>
          ) : (
            <Points histories={loaded.histories} pointMs={point} />
          )}
          <MissingList missing={loaded.missing} tz={tz} />
          <AlertList marks={alerts} tz={tz} />
          <CopyLinks names={state.s} span={days} tz={tz} atMs={atMs} />
        </section>
      </div>
    </>
  )
}

/** The open point of each series; of one that is alone, also if it is hidden. */
function Points({ histories, pointMs }: { histories: SeriesHistory[]; pointMs: number }) {
  const { state, change } = useState(seriesState)
  return (
    <>
      {histories
        .filter(({ name }) => histories.length > 1 || !state.hide.includes(name))
        .map((history) => (
          <PointPanel
            key={history.name}
            history={history}
            pointMs={pointMs}
            knownMs={state.known}
            tz={state.tz}
            onKnown={(known) => change({ known })}
            onClose={() => change({ point: null, known: null })}
          />
        ))}
    </>
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
