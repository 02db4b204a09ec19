import { useEffect, useRef } from 'preact/hooks'
import { useState } from '../address.ts'
import { nowMs } from '../api/clock.ts'
import type { MarketBucket, MarketFigure, RankedMarket, Rows } from '../api/records.ts'
import { pathOf, useAnswer } from '../api/request.ts'
import { Choice } from '../layout/choice.tsx'
import { type Column, LongTable } from '../layout/long-table.tsx'
import { Shown } from '../layout/states.tsx'
import { TableToggle } from '../layout/table-toggle.tsx'
import { agoText, minuteText } from '../local-time.ts'
import { oneOf, pageState, text, zone } from '../page-state.ts'
import { colourOf } from '../series/chart.tsx'
import { createPlot, type Plot } from '../series/plot.ts'
import { shortText, valueText } from '../value-text.ts'
import { heldText } from './market-span.ts'
import './markets.css'

const marketsState = pageState({
  metric: text,
  market: text,
  dataset: text,
  order: oneOf('relative', 'deviation'),
  view: oneOf('chart', 'table'),
  q: text,
  tz: zone,
})

const everyMs = 10_000
const bucketS = 600
const dayBuckets = 86_400 / bucketS
const allRows = 10_000

/** A metric of all markets over the last 24 hours: ranked by its standard deviation, and one market as a chart. */
export function Markets() {
  const { state, change } = useState(marketsState)
  const figures = useAnswer<Rows<MarketFigure>>(pathOf('markets', { limit: allRows }))
  const metrics = figures.state === 'ready' ? [...new Set(figures.value.data.map(({ metric }) => metric))].sort() : []
  const metric = state.metric || (metrics.includes('last') ? 'last' : (metrics[0] ?? ''))
  const path = metric === '' ? null : pathOf('markets/rank', { metric, limit: allRows })
  const ranked = useAnswer<Rows<RankedMarket>>(path, { everyMs })
  return (
    <>
      <h1>Markets</h1>
      <div class="tools">
        <Choice
          title="Metric"
          names={metrics}
          value={metric}
          hasAll={false}
          onChange={(name) => change({ metric: name })}
        />
        <label>
          Rank by{' '}
          <select
            value={state.order}
            onChange={({ currentTarget: { value } }) =>
              change({ order: value === 'deviation' ? 'deviation' : 'relative' })
            }
          >
            <option value="relative">standard deviation over the mean</option>
            <option value="deviation">standard deviation</option>
          </select>
        </label>
        <label>
          Market{' '}
          <input
            type="search"
            value={state.q}
            placeholder="BTC"
            onInput={({ currentTarget }) => change({ q: currentTarget.value }, { replace: true })}
          />
        </label>
      </div>
      <Shown
        answer={figures}
        isEmpty={({ data }) => data.length === 0}
        empty="No market has a sample of the last 24 hours. Operations says whether the exchanges answer."
      >
        {() => (
          <Shown
            answer={ranked}
            isEmpty={({ data }) => data.length === 0}
            empty={`No market has the metric ${metric}.`}
          >
            {({ data }) => <Ranked rows={data} metric={metric} />}
          </Shown>
        )}
      </Shown>
    </>
  )
}

function Ranked({ rows, metric }: { rows: RankedMarket[]; metric: string }) {
  const { state, change } = useState(marketsState)
  const rankOf = (row: RankedMarket): number => (state.order === 'relative' ? row.relative_rank : row.rank)
  const word = state.q.trim().toLowerCase()
  const shown = rows
    .filter(({ market, source }) => `${source} ${market}`.toLowerCase().includes(word))
    .toSorted((one, other) => rankOf(one) - rankOf(other))
  const chosen =
    rows.find(
      ({ market, dataset }) => market === state.market && (state.dataset === '' || dataset === state.dataset),
    ) ?? (state.market === '' ? shown[0] : undefined)
  // By which figure the markets are ranked is seen on a narrow screen, too.
  const figures: Column<RankedMarket>[] = [
    { title: 'Of the mean', isNumber: true, of: (row) => percent(row.relative_deviation) },
    { title: 'Deviation', isNumber: true, of: (row) => shortText(row.standard_deviation) },
  ]
  const columns: Column<RankedMarket>[] = [
    { title: 'Rank', isNumber: true, of: rankOf },
    {
      title: 'Market',
      of: ({ market, dataset }) => (
        <button type="button" class="link" onClick={() => change({ market, dataset })}>
          {market}
        </button>
      ),
    },
    ...(state.order === 'relative' ? figures : figures.toReversed()),
    { title: 'Exchange', of: ({ source }) => source },
    { title: 'Last', isNumber: true, of: ({ last }) => valueText(last) },
    { title: 'In 24 h', isNumber: true, of: (row) => percent(row.change_fraction) },
    { title: 'Samples', isNumber: true, of: ({ samples }) => samples },
  ]
  return (
    <>
      {state.market !== '' && chosen === undefined && (
        <p class="state">
          {state.market} has no {metric} of the last 24 hours. Choose another market below.
        </p>
      )}
      {chosen !== undefined && <MarketChart market={chosen} />}
      <p class="hint">
        {shown.length} markets
        {rows[0] !== undefined &&
          `, as of ${minuteText(Date.parse(rows[0].at), state.tz)}, ${agoText(Math.min(Date.parse(rows[0].at), nowMs()), nowMs())}`}
      </p>
      <LongTable
        rows={shown}
        columns={columns}
        nameOf={({ dataset, market }) => `${dataset} ${market}`}
        isChosen={(row) => row === chosen}
      />
    </>
  )
}

const percent = (fraction: number | null): string => (fraction === null ? '–' : `${shortText(100 * fraction)} %`)

function MarketChart({ market: { market, metric, dataset } }: { market: RankedMarket }) {
  const { state, change } = useState(marketsState)
  const answer = useAnswer<Rows<MarketBucket>>(
    pathOf('markets/series', { market, metric, step: bucketS, limit: 1_000 }),
    { everyMs },
  )
  return (
    <section aria-labelledby="market">
      <h2 id="market">
        {market}: {metric},{' '}
        {heldText(
          answer.state === 'ready' ? answer.value.data.filter((bucket) => bucket.dataset === dataset) : [],
          nowMs(),
          state.tz,
        )}
      </h2>
      <p class="tools">
        <TableToggle view={state.view} onChange={(view) => change({ view })} />
      </p>
      <Shown answer={answer} isEmpty={({ data }) => data.length === 0} empty="It has no sample of the last 24 hours.">
        {({ data }) => {
          const buckets = data.filter((bucket) => bucket.dataset === dataset)
          return state.view === 'chart' ? (
            <BucketChart buckets={buckets} name={market} tz={state.tz} />
          ) : (
            <BucketTable buckets={buckets} tz={state.tz} />
          )
        }}
      </Shown>
    </section>
  )
}

/** The mean of each bucket as a line, and its smallest to largest value as a band. A bucket without a sample is a gap. */
function BucketChart({ buckets, name, tz }: { buckets: MarketBucket[]; name: string; tz: string }) {
  const root = useRef<HTMLDivElement>(null)
  const plot = useRef<Plot | null>(null)
  useEffect(() => {
    if (root.current === null) return
    plot.current = createPlot(root.current, { onCursor: () => undefined, onClick: () => undefined })
    return () => plot.current?.destroy()
  }, [])
  useEffect(() => {
    const starts = new Map(buckets.map((bucket) => [Date.parse(bucket.start), bucket]))
    // All of the 24 hours are shown, also where nothing was sampled.
    const firstMs = Math.max(...starts.keys()) - (dayBuckets - 1) * bucketS * 1_000
    const boundaries = Array.from({ length: dayBuckets + 1 }, (_, index) => firstMs + index * bucketS * 1_000)
    const valuesOf = (value: (bucket: MarketBucket) => number) =>
      boundaries.map((ms) => {
        const bucket = starts.get(ms)
        return bucket === undefined ? null : value(bucket)
      })
    const none = boundaries.map(() => null)
    const lines = {
      ...{ first: none, now: none, asOf: valuesOf(({ mean }) => mean) },
      ...{ low: valuesOf(({ min }) => min), high: valuesOf(({ max }) => max) },
    }
    const series = [{ name, unit: '', colour: colourOf(0), lines }]
    plot.current?.draw({ boundaries, series, missing: [], alerts: [], zone: tz, isAsOf: false, point: null })
  }, [buckets, name, tz])
  return (
    <figure class="chart">
      <div ref={root} role="img" aria-label={`Chart of ${name}. “Show as table” lists its values.`} />
      <figcaption>Line: the mean of {bucketS / 60} minutes. Band: the smallest to the largest value.</figcaption>
    </figure>
  )
}

const BucketTable = ({ buckets, tz }: { buckets: MarketBucket[]; tz: string }) => (
  <div class="scroll">
    <table>
      <thead>
        <tr>
          <th>From</th>
          <th class="number">Mean</th>
          <th class="number">Smallest</th>
          <th class="number">Largest</th>
          <th class="number">Samples</th>
        </tr>
      </thead>
      <tbody>
        {buckets.map(({ start, mean, min, max, samples }) => (
          <tr key={start}>
            <td>{minuteText(Date.parse(start), tz)}</td>
            <td class="number">{valueText(mean)}</td>
            <td class="number">{valueText(min)}</td>
            <td class="number">{valueText(max)}</td>
            <td class="number">{samples}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
)
