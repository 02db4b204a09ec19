import { InstantInput } from '../layout/instant-input.tsx'
import { minuteText, secondText } from '../local-time.ts'
import type { KnownInstant } from './knowledge.ts'

/**
 * A slider over the instants at which something became known; its last place is now. Bars say how much changed at each.
 * `onDrag` is called while it moves, `onChange` when it rests.
 */
export function AsOfSlider({
  instants,
  atMs,
  tz,
  onDrag,
  onChange,
}: {
  instants: readonly KnownInstant[]
  atMs: number | null
  tz: string
  onDrag: (ms: number | null) => void
  onChange: (ms: number | null) => void
}) {
  const last = instants.length
  const place = atMs === null ? last : instants.findLastIndex(({ ms }) => ms <= atMs)
  const msAt = (index: number): number | null => instants[index]?.ms ?? null
  const instant = instants[place]
  const barWidth = Math.min(0.8, last / 60)
  const maxPoints = Math.max(1, ...instants.map(({ points }) => points))
  const text =
    atMs === null
      ? 'now: the newest values'
      : instant === undefined
        ? `${secondText(atMs, tz)}: nothing was known yet`
        : `${secondText(atMs, tz)}: ${instant.points} values became known${instant.maxChange > 0 ? `, changed by up to ${instant.maxChange}` : ''}`
  return (
    <div class="as-of">
      <p class="tools">
        <label for="as-of">
          As of <strong>{atMs === null ? 'now' : secondText(atMs, tz)}</strong>{' '}
          {atMs !== null && instant !== undefined && instant.ms !== atMs && (
            <span class="faint">(known since {minuteText(instant.ms, tz)})</span>
          )}
        </label>
        <InstantInput title="at" ms={atMs} tz={tz} onChange={onChange} />
        {atMs !== null && (
          <button type="button" onClick={() => onChange(null)}>
            Now
          </button>
        )}
      </p>
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
        {text}
      </p>
    </div>
  )
}
