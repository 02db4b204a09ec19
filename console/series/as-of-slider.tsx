import { InstantInput } from '../layout/instant-input.tsx'
import { secondText } from '../local-time.ts'
import { differenceText, knownText } from './as-of-text.ts'
import { type KnownInstant, knownInstants, type SeriesHistory } from './knowledge.ts'

/**
 * Says as of which instant a chart or table is, and how that differs from now, with a slider over the instants at which
 * something became known; its last place is now. Bars say how much changed at each. `onDrag` is called while it moves,
 * `onChange` when it rests.
 */
export function AsOfSlider({
  histories,
  atMs,
  tz,
  nowHref,
  onDrag,
  onChange,
}: {
  histories: readonly SeriesHistory[]
  atMs: number | null
  tz: string
  /** The address of the same page as of now. */
  nowHref: string
  onDrag: (ms: number | null) => void
  onChange: (ms: number | null) => void
}) {
  const instants = knownInstants(histories)
  const last = instants.length
  const place = atMs === null ? last : instants.findLastIndex(({ ms }) => ms <= atMs)
  const msAt = (index: number): number | null => instants[index]?.ms ?? null
  const text = knownText(histories, instants, atMs, tz)
  return (
    <section class="as-of" aria-label="As of">
      <p class="tools">
        {/* It stands first, so that it stays where it is while one types. */}
        <InstantInput title="At" ms={atMs} tz={tz} onChange={onChange} />
        <label for="as-of">
          As of <strong>{atMs === null ? 'now' : secondText(atMs, tz)}</strong> ({tz})
        </label>
        {atMs !== null && <a href={nowHref}>now</a>}
      </p>
      <Bars instants={instants} />
      <input
        id="as-of"
        type="range"
        min={0}
        max={last}
        step={1}
        value={Math.max(place, 0)}
        disabled={last === 0}
        aria-valuetext={text}
        onInput={({ currentTarget }) => onDrag(msAt(Number(currentTarget.value)))}
        onChange={({ currentTarget }) => onChange(msAt(Number(currentTarget.value)))}
      />
      <p class="hint" aria-live="polite">
        {text} {atMs !== null && <span class="difference">{differenceText(histories, atMs, tz)}</span>}
      </p>
    </section>
  )
}

function Bars({ instants }: { instants: readonly KnownInstant[] }) {
  const last = instants.length
  const barWidth = Math.min(0.8, last / 60)
  const maxPoints = Math.max(1, ...instants.map(({ points }) => points))
  return (
    <svg class="bars" viewBox={`0 0 ${Math.max(last, 1)} 20`} preserveAspectRatio="none" aria-hidden="true">
      <title>How many values became known at each instant</title>
      {instants.map(({ ms, points, maxChange }, index) => {
        const barHeight = 2 + 18 * Math.sqrt(points / maxPoints)
        return (
          <rect
            key={ms}
            class={maxChange > 0 ? 'revised' : 'first'}
            x={index - barWidth / 2}
            y={20 - barHeight}
            width={barWidth}
            height={barHeight}
          />
        )
      })}
    </svg>
  )
}
