// The drawing of series with uPlot: stepped lines between boundaries, bands and hatched spans.
import './language.ts'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { AlertMark } from './alert-marks.ts'
import type { MissingSpan } from './history.ts'
import type { Lines } from './knowledge.ts'
import { markText, timeMarks } from './time-axis.ts'

export interface PlotSeries {
  name: string
  unit: string
  colour: string
  lines: Lines
}

export interface PlotInput {
  /** Boundaries, ms UTC, in the order of time. */
  boundaries: number[]
  series: PlotSeries[]
  missing: MissingSpan[]
  alerts: AlertMark[]
  zone: string
  /** Whether the lines are as of an instant; then the newest values are drawn faintly. */
  isAsOf: boolean
  /** The point that is open, ms UTC. */
  point: number | null
}

export interface PlotEvents {
  /** The cursor is over the values between boundaries `index` and `index + 1`. null: it left. */
  onCursor: (index: number | null) => void
  onClick: (index: number) => void
}

/** A chart in an element. `draw` takes less than a frame for some thousand points. */
export interface Plot {
  draw: (input: PlotInput) => void
  destroy: () => void
}

const height = 380
const markWidth = 62

export function createPlot(root: HTMLElement, events: PlotEvents): Plot {
  let input: PlotInput | undefined
  let chart: uPlot | undefined
  let shape = ''
  const options = (of: PlotInput): uPlot.Options => ({
    width: Math.max(root.clientWidth, 200),
    height,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
    scales: { x: { time: false }, y: { range: () => yRange(input) } },
    axes: axes(() => input?.zone ?? 'UTC'),
    series: [{}, ...of.series.flatMap(({ colour }) => linesOptions(colour))],
    hooks: {
      drawClear: [(u) => input && drawBelow(u, input)],
      draw: [(u) => input && drawAbove(u, input)],
      setCursor: [(u) => events.onCursor(indexAt(u, input))],
    },
  })
  const onClick = (): void => {
    const index = chart === undefined ? null : indexAt(chart, input)
    if (index !== null) events.onClick(index)
  }
  root.addEventListener('click', onClick)
  const resized = new ResizeObserver(() => chart?.setSize({ width: Math.max(root.clientWidth, 200), height }))
  resized.observe(root)
  return {
    draw: (next) => {
      const isSameShape = shape === JSON.stringify([next.series.map(({ name, colour }) => [name, colour]), theme()])
      input = next
      if (chart !== undefined && isSameShape) return chart.setData(dataOf(next))
      shape = JSON.stringify([next.series.map(({ name, colour }) => [name, colour]), theme()])
      chart?.destroy()
      chart = new uPlot(options(next), dataOf(next), root)
    },
    destroy: () => {
      resized.disconnect()
      root.removeEventListener('click', onClick)
      chart?.destroy()
    },
  }
}

const theme = (): string => cssColour('--text')
const cssColour = (name: string): string => {
  const probe = document.createElement('span')
  probe.style.color = `var(${name})`
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

/** Three lines a series: the first publication, the newest value, and the value as of the instant. */
const linesOptions = (colour: string): uPlot.Series[] => [
  { stroke: colour, width: 1.2, dash: [5, 4], paths: stepped, points: { show: false } },
  { stroke: `${colour}88`, width: 1.2, paths: stepped, points: { show: false } },
  { stroke: colour, width: 2.2, paths: stepped, points: { show: false } },
]

function dataOf({ boundaries, series, isAsOf }: PlotInput): uPlot.AlignedData {
  const none = boundaries.map(() => null)
  return [
    boundaries.map((ms) => ms / 1_000),
    ...series.flatMap(({ lines }) => [lines.first, isAsOf ? lines.now : none, lines.asOf]),
  ]
}

/** A value holds from its boundary to the next one; nothing is drawn through a gap. */
const stepped: uPlot.Series.PathBuilder = (u, index, first, last) => {
  const [xs, ys] = [u.data[0], u.data[index] ?? []]
  const stroke = new Path2D()
  let isDrawing = false
  for (let at = first; at <= last; at++) {
    const [value, x, next] = [ys[at], xs[at], xs[at + 1]]
    if (value === null || value === undefined || x === undefined || next === undefined) {
      isDrawing = false
      continue
    }
    const y = u.valToPos(value, 'y', true)
    if (isDrawing) stroke.lineTo(u.valToPos(x, 'x', true), y)
    else stroke.moveTo(u.valToPos(x, 'x', true), y)
    stroke.lineTo(u.valToPos(next, 'x', true), y)
    isDrawing = true
  }
  return { stroke, fill: null, clip: null, band: null, gaps: null, flags: 0 } as unknown as uPlot.Series.Paths
}

/** Everything that was ever known fits, so the axis stands still while the instant moves. */
function yRange(input: PlotInput | undefined): uPlot.Range.MinMax {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { lines } of input?.series ?? [])
    for (const [index, low] of lines.low.entries()) {
      if (low === null) continue
      min = Math.min(min, low)
      max = Math.max(max, lines.high[index] ?? low)
    }
  if (min > max) return [0, 1]
  const room = (max - min || Math.abs(max) || 1) * 0.08
  return [min - room, max + room]
}

const axes = (zone: () => string): uPlot.Axis[] => [
  {
    ...{ stroke: () => cssColour('--faint'), grid: { stroke: () => cssColour('--line'), width: 1 } },
    splits: (u) => {
      const [min, max] = [u.scales.x?.min ?? 0, u.scales.x?.max ?? 1]
      return timeMarks(min * 1_000, max * 1_000, zone(), u.width / markWidth).map((ms) => ms / 1_000)
    },
    values: (_u, splits) => splits.map((x) => markText(x * 1_000, zone())),
  },
  { stroke: () => cssColour('--faint'), grid: { stroke: () => cssColour('--line'), width: 1 }, size: 64 },
]

/** Hatches what is missing, and draws between which values each point ever was. */
function drawBelow(u: uPlot, { boundaries, series, missing, point }: PlotInput): void {
  const { ctx, bbox } = u
  const x = (ms: number): number =>
    Math.min(Math.max(u.valToPos(ms / 1_000, 'x', true), bbox.left), bbox.left + bbox.width)
  ctx.save()
  for (const span of missing.filter(({ class: of }) => of !== 'not-yet-due'))
    hatch(ctx, x(span.fromMs), bbox.top, x(span.toMs), bbox.top + bbox.height)
  for (const { lines, colour } of series) {
    ctx.fillStyle = `${colour}33`
    boundaries.forEach((ms, index) => {
      const [low, high, next] = [lines.low[index] ?? null, lines.high[index] ?? null, boundaries[index + 1]]
      if (low === null || high === null || next === undefined || low === high) return
      const top = u.valToPos(high, 'y', true)
      ctx.fillRect(x(ms), top, x(next) - x(ms), u.valToPos(low, 'y', true) - top)
    })
  }
  const index = point === null ? -1 : boundaries.indexOf(point)
  const next = boundaries[index + 1]
  if (point !== null && index >= 0 && next !== undefined) {
    ctx.fillStyle = cssColour('--calm-back')
    ctx.globalCompositeOperation = 'destination-over'
    ctx.fillRect(x(point), bbox.top, x(next) - x(point), bbox.height)
  }
  ctx.restore()
}

function hatch(ctx: CanvasRenderingContext2D, left: number, top: number, right: number, bottom: number): void {
  ctx.save()
  ctx.beginPath()
  ctx.rect(left, top, right - left, bottom - top)
  ctx.clip()
  ctx.strokeStyle = cssColour('--bad')
  ctx.globalAlpha = 0.35
  ctx.lineWidth = 1
  ctx.beginPath()
  for (let at = left - (bottom - top); at < right; at += 9) {
    ctx.moveTo(at, bottom)
    ctx.lineTo(at + (bottom - top), top)
  }
  ctx.stroke()
  ctx.restore()
}

const alertColours: Record<string, string> = { critical: '--bad', warning: '--warn' }
const alertHeight = 5

/** Marks alerts with bars at the top, or a triangle where something merely happened. */
function drawAlerts(u: uPlot, alerts: readonly AlertMark[]): void {
  const { ctx, bbox } = u
  const right = bbox.left + bbox.width
  const x = (ms: number): number => u.valToPos(ms / 1_000, 'x', true)
  for (const { fromMs, toMs, severity, isTakenBack } of alerts) {
    const from = Math.max(x(fromMs), bbox.left)
    const to = toMs === null ? right : Math.min(x(toMs), right)
    if (from > right || to < bbox.left) continue
    ctx.fillStyle = cssColour(alertColours[severity] ?? '--accent')
    ctx.globalAlpha = isTakenBack ? 0.35 : 1
    if (toMs !== fromMs) {
      ctx.fillRect(from, bbox.top, Math.max(to - from, 3), alertHeight)
      continue
    }
    ctx.beginPath()
    ctx.moveTo(from - 6, bbox.top)
    ctx.lineTo(from + 6, bbox.top)
    ctx.lineTo(from, bbox.top + 10)
    ctx.fill()
  }
  ctx.globalAlpha = 1
}

/** Marks alerts, and with a cross on the time axis values that were withdrawn. */
function drawAbove(u: uPlot, { boundaries, series, alerts }: PlotInput): void {
  const { ctx, bbox } = u
  ctx.save()
  drawAlerts(u, alerts)
  ctx.lineWidth = 2
  for (const { lines, colour } of series) {
    ctx.strokeStyle = colour
    ctx.beginPath()
    boundaries.forEach((ms, index) => {
      const next = boundaries[index + 1]
      const isTakenBack = lines.high[index] !== null && lines.asOf[index] === null && lines.first[index] !== null
      if (!isTakenBack || next === undefined || lines.now[index] !== null) return
      const [at, bottom] = [u.valToPos((ms + next) / 2_000, 'x', true), bbox.top + bbox.height - 8]
      ctx.moveTo(at - 4, bottom - 4)
      ctx.lineTo(at + 4, bottom + 4)
      ctx.moveTo(at - 4, bottom + 4)
      ctx.lineTo(at + 4, bottom - 4)
    })
    ctx.stroke()
  }
  ctx.restore()
}

/** Returns which boundary the cursor follows. null: the cursor is outside of the values. */
function indexAt(u: uPlot, input: PlotInput | undefined): number | null {
  const left = u.cursor.left ?? -1
  if (input === undefined || left < 0) return null
  const ms = u.posToVal(left, 'x') * 1_000
  const index = input.boundaries.findLastIndex((boundary) => boundary <= ms)
  return index < 0 || index >= input.boundaries.length - 1 ? null : index
}
