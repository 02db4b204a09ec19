import { useEffect, useRef, useState } from 'preact/hooks'
import { minuteText, timeText } from '../local-time.ts'
import { valueText } from '../pages/change-table.tsx'
import type { Loaded } from './history.ts'
import { boundariesOf, linesOf, summaryOf } from './knowledge.ts'
import { createPlot, type Plot } from './plot.ts'
import { deliveryHour } from './time-axis.ts'

/** Colours that people with any colour vision tell apart (Okabe and Ito), readable on light and dark. */
export const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#b58900', '#56b4e9', '#7a6bd6', '#8a8f00']

export const colourOf = (index: number): string => colours[index % colours.length] ?? '#0072b2'

/** Series on one axis of time, as of an instant. Arrow keys move the cursor, Enter opens its point. */
export function Chart({
  loaded: { histories, missing },
  atMs,
  tz,
  hidden,
  pointMs,
  onPoint,
}: {
  loaded: Loaded
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
      ...{ missing, zone: tz, isAsOf: atMs !== null, point: pointMs },
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
          ? 'Solid: the values as of the instant below. Dashed: as first published. Band: all that was ever known. Hatched: late or partial. ×: withdrawn.'
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
    const lines = linesOf(history, [ms, ms + 1], atMs)
    return `${history.name} ${valueText(lines.asOf[0] ?? null)} ${history.unit}${lines.first[0] === lines.asOf[0] ? '' : ` (first ${valueText(lines.first[0] ?? null)})`}`
  })
  return `${minuteText(ms, tz)} (${timeText(ms, 'UTC')} UTC, hour ${deliveryHour(ms, tz)}): ${values.join(', ')}`
}
