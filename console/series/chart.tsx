import { useEffect, useRef, useState } from 'preact/hooks'
import { minuteText, timeText } from '../local-time.ts'
import { valueText } from '../value-text.ts'
import type { AlertMark } from './alert-marks.ts'
import type { Loaded } from './history.ts'
import { boundariesOf, linesOf, missingWord, pointAt, summaryOf, versionAt } from './knowledge.ts'
import { createPlot, type Plot } from './plot.ts'
import { deliveryHour } from './time-axis.ts'

/** Colours that people with any colour vision tell apart (Okabe and Ito); lighter ones on a dark page. */
const colours = {
  light: ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#8a6d00', '#56b4e9', '#7a6bd6', '#6f7300'],
  dark: ['#56b4e9', '#ff8f40', '#2fd0a0', '#f0a6cf', '#e6c84c', '#9ad0ff', '#b3a8ff', '#cfd45c'],
}

export function colourOf(index: number): string {
  const palette = colours[matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light']
  return palette[index % palette.length] ?? '#0072b2'
}

/** Series on one axis of time, as of an instant. Arrow keys move the cursor, Enter opens its point. */
export function Chart({
  loaded: { histories, missing },
  alerts,
  atMs,
  tz,
  hidden,
  pointMs,
  onPoint,
}: {
  loaded: Loaded
  alerts: AlertMark[]
  atMs: number | null
  tz: string
  hidden: readonly string[]
  pointMs: number | null
  onPoint: (ms: number) => void
}) {
  const root = useRef<HTMLDivElement>(null)
  const plot = useRef<Plot | null>(null)
  const boundaries = useRef<number[]>([])
  const point = useRef(onPoint)
  point.current = onPoint
  const [cursor, setCursor] = useState<number | null>(null)
  useEffect(() => {
    if (root.current === null) return
    plot.current = createPlot(root.current, {
      onCursor: setCursor,
      onClick: (index) => point.current(boundaries.current[index] ?? 0),
    })
    return () => plot.current?.destroy()
  }, [])
  const shown = histories.map((history, index) => ({ history, colour: colourOf(index) }))
  useEffect(() => {
    boundaries.current = boundariesOf(histories)
    plot.current?.draw({
      boundaries: boundaries.current,
      series: shown
        .filter(({ history }) => !hidden.includes(history.name))
        .map(({ history, colour }) => ({
          ...{ name: history.name, unit: history.unit, colour },
          lines: linesOf(history, boundaries.current, atMs),
        })),
      ...{ missing, alerts, zone: tz, isAsOf: atMs !== null, point: pointMs },
    })
  })
  const onKeyDown = (event: KeyboardEvent): void => {
    const last = boundaries.current.length - 2
    const moved = { ArrowLeft: (cursor ?? 1) - 1, ArrowRight: (cursor ?? -1) + 1, Home: 0, End: last }[event.key]
    if (moved !== undefined) {
      event.preventDefault()
      setCursor(Math.min(Math.max(moved, 0), last))
    } else if (event.key === 'Enter' && cursor !== null) onPoint(boundaries.current[cursor] ?? 0)
  }
  const ms = cursor === null ? undefined : boundariesOf(histories)[cursor]
  return (
    <figure class="chart">
      <div
        ref={root}
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move the cursor
        tabIndex={0}
        aria-label={`Chart. ${histories.map((history) => summaryOf(history, atMs)).join(' ')} Arrow keys move the cursor, Enter opens a point.`}
        onKeyDown={onKeyDown}
      />
      <figcaption aria-live="polite">
        {ms === undefined
          ? 'Solid: the values as of the instant above. Dashed: as first published. Thin: the newest values. Band: all that was ever known. Hatched: late or partial. ×: withdrawn (a newer answer no longer names it). Bars and triangles at the top: alerts.'
          : cursorText(
              ms,
              tz,
              shown.map(({ history }) => history),
              atMs,
            )}
      </figcaption>
    </figure>
  )
}

function cursorText(ms: number, tz: string, histories: Loaded['histories'], atMs: number | null): string {
  const values = histories.map((history) => {
    const point = pointAt(history.points, ms)
    const version = point === undefined ? undefined : versionAt(point, atMs)
    const first = point?.versions[0]?.value ?? null
    if (version === undefined || version.value === null) return `${history.name} ${missingWord(version)}`
    const before = first === version.value ? '' : ` (first ${first === null ? 'no value' : valueText(first)})`
    return `${history.name} ${valueText(version.value)} ${history.unit}${before}`
  })
  const hour = deliveryHour(ms, histories[0]?.zone ?? tz)
  return `${minuteText(ms, tz)} (${timeText(ms, 'UTC')} UTC, hour ${hour}): ${values.join(', ')}`
}
