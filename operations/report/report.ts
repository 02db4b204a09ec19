import { addDays, businessDay, dayAt, daysBetween } from '#core/business-day.ts'
import { datasetsByName, type SourcedDataset } from '#core/datasets.ts'
import { windowsBetween } from '#core/windows.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import {
  type CalendarDay,
  calendarDays,
  type Gap,
  type GridWindow,
  gapsOf,
  iso,
  isoOrNull,
  withoutHoles,
} from './calendar.ts'
import type { CompletenessClass } from './classes.ts'
import * as facts from './facts.ts'
import { type CheckFindings, type FindingFact, findingFacts, findingsByCheck, findingsWithin } from './findings.ts'
import { type Punctuality, punctualityOf } from './punctuality.ts'
import { readSettled, type Settled } from './settled.ts'
import { type ZoneClock, zoneClock } from './zone-clock.ts'

export interface ReportRequest {
  /** Null: all datasets that have windows. */
  dataset: string | null
  /** Local days of each dataset's zone, YYYY-MM-DD, both included. Null: 31 days to today, and tomorrow. */
  days: { from: string; to: string } | null
  /** As known at this instant, ms UTC. Null: at the settled instant. */
  atMs: number | null
  /** The pollers' clock, ms UTC. */
  nowMs: number
}

/**
 * What became of windows, by dataset. Instants are ISO 8601 text, days are local days of the dataset's zone. It follows from
 * `at` and from what was known then, so that it can be made again; why it is of that instant is not a part of it.
 */
export interface Report {
  at: string
  from: string
  /** Included. */
  to: string
  alarms: Alarm[]
  datasets: DatasetReport[]
  /** Dead letters that name no dataset. Empty if a dataset was asked for. */
  otherRefusals: Refusal[]
}

/** Something that is wrong at `at`: a window is late or partial, or ticks were lost. */
export interface Alarm {
  dataset: string
  what: 'late' | 'partial' | 'ticks-lost'
  /** Windows; of ticks: ticks. */
  count: number
}

export interface DatasetReport {
  source: string
  dataset: string
  zone: string
  kind: 'day' | 'hour' | 'month' | 'ticks'
  /** auto, on-demand or off at `at`; null: nobody has said so. */
  schedule: string | null
  calendar: CalendarDay[]
  gaps: Gap[]
  /** Of the 24 hours before `at`; null: the dataset has no ticks. */
  ticks: { expected: number; good: number; lost: number; lostShare: number | null } | null
  punctuality: Punctuality | null
  revisions: Revisions
  /** Points by flag. */
  quality: { flag: string; points: number }[]
  findings: CheckFindings[]
  refusals: Refusal[]
  /** When a complete window was revised last; null: none was. */
  lastRevised: string | null
}

export interface Revisions {
  /** Windows that have an answer, and those of them that a later answer revised. */
  windows: number
  windowsRevised: number
  laterAnswers: number
  /** What the later answers changed. Null: too many points for one report, so name a dataset or fewer days. */
  sizes: Omit<facts.RevisionSizes, 'dataset'> | null
}

export interface Refusal {
  topic: string
  reason: string
  letters: number
  open: number
  newest: string
  newestMessage: string
}

/** A window with its dataset: a row of CSV. */
export interface ReportedWindow extends facts.WindowRow {
  source: string
  dataset: string
  /** How many findings of the dataset begin in the window. */
  findings: number
}

export interface ReadReport {
  /** Why the report is of its instant. */
  settled: Settled
  report: Report
  windows: ReportedWindow[]
}

const dayMs = 24 * 3_600_000
const hourMs = 3_600_000
/** The question for sizes reads this many points in less than a second. */
const maxPointsOfSizes = 300_000
/** More lost ticks of 24 hours than this share are an alarm. */
export const maxLostShare = 0.01

/** Reads all that a report says. Asks eleven statements, however many datasets there are. @throws an error of the store */
export async function readReport(store: Store, request: ReportRequest): Promise<ReadReport> {
  const settled: Settled =
    request.atMs === null ? await readSettled(store, request.nowMs) : { atMs: request.atMs, basis: 'asked', host: null }
  const declared = declaredDatasets(request.dataset)
  const { atMs } = settled
  const { from, to } = request.days ?? defaultDays(declared, atMs)
  const spans = spansOf(declared, from, to)
  const fromMs = Math.min(...[...spans.values()].map((span) => span.fromMs))
  const toMs = Math.max(...[...spans.values()].map((span) => span.toMs))
  const scope = { atMs, fromMs, toMs, dataset: request.dataset ?? undefined, spans }
  // The ticks of the last 24 hours are read in any case.
  const windowScope = { ...scope, fromMs: Math.min(fromMs, atMs - dayMs), toMs: Math.max(toMs, atMs) }
  const [windows, schedules, complete, revised, flags, findings, refused] = await Promise.all([
    facts.windowRows(store, windowScope),
    facts.schedules(store, scope),
    facts.firstComplete(store, scope),
    facts.revisedWindows(store, scope),
    facts.flaggedPoints(store, scope),
    findingFacts(store, scope),
    facts.refusals(store, scope),
  ])
  const points = revised.reduce((sum, row) => sum + row.points, 0)
  const sizes = points > maxPointsOfSizes ? null : points === 0 ? [] : await facts.revisionSizes(store, scope)
  const read = { windows, schedules, complete, revised, sizes, flags, findings, refused }
  return shapeReport({ settled, from, to, declared, ...read })
}

/** Datasets whose windows are asked for, by name or all. Files have no windows. */
export function declaredDatasets(name: string | null): SourcedDataset[] {
  const found =
    name === null ? [...datasetsByName.values()] : [datasetsByName.get(name)].filter((one) => one !== undefined)
  return found.filter(({ dataset }) => dataset.calendar.kind !== 'files')
}

/** The span of the local days, by dataset. */
export function spansOf(declared: readonly SourcedDataset[], from: string, to: string): facts.Scope['spans'] {
  const ofZone = new Map<string, { fromMs: number; toMs: number }>()
  const spanIn = (zone: string) => ({
    fromMs: businessDay(zone, from).window.startMs,
    toMs: businessDay(zone, to).window.endMs,
  })
  return new Map(
    declared.map(({ dataset: { name, calendar } }) => [name, ofZone.getOrInsertComputed(calendar.zone, spanIn)]),
  )
}

/** The last 31 days with today, and tomorrow, in the zone that most of the datasets have. */
function defaultDays(declared: readonly SourcedDataset[], atMs: number): { from: string; to: string } {
  const byZone = [...Map.groupBy(declared, ({ dataset }) => dataset.calendar.zone)]
  const [zone = 'UTC'] = byZone.toSorted(([, one], [, other]) => other.length - one.length)[0] ?? []
  const today = dayAt(zone, atMs)
  return { from: addDays(today, -30), to: addDays(today, 1) }
}

export interface ReportFacts {
  settled: Settled
  from: string
  to: string
  declared: readonly SourcedDataset[]
  windows: ReadonlyMap<string, facts.WindowRow[]>
  schedules: readonly facts.ScheduleFact[]
  complete: readonly facts.FirstComplete[]
  revised: readonly facts.RevisedWindows[]
  sizes: readonly facts.RevisionSizes[] | null
  flags: readonly facts.FlaggedPoints[]
  findings: readonly FindingFact[]
  refused: readonly facts.Refusals[]
}

/** Makes the report of what the store says. Pure. */
export function shapeReport(found: ReportFacts): ReadReport {
  const { settled, from, to, declared } = found
  const days = Array.from({ length: daysBetween(from, to) + 1 }, (_, count) => addDays(from, count))
  const grids = gridsOf(from, to)
  const clocks = new Map<string, ZoneClock>()
  const clockOf = (zone: string): ZoneClock => clocks.getOrInsertComputed(zone, zoneClock)
  const shaped = declared.map((each) => datasetReport(found, each, days, grids, clockOf(each.dataset.calendar.zone)))
  const report: Report = {
    at: iso(settled.atMs),
    from,
    to,
    alarms: shaped.flatMap(({ alarms }) => alarms),
    datasets: shaped.map(({ report: each }) => each),
    otherRefusals: found.refused.filter(({ dataset }) => dataset === null).map(refusalOf),
  }
  return { settled, report, windows: shaped.flatMap(({ windows }) => windows) }
}

type Grids = (each: SourcedDataset) => GridWindow[]

/** The windows of datasets that have the same calendar are reckoned once. */
function gridsOf(from: string, to: string): Grids {
  const held = new Map<string, GridWindow[]>()
  return ({ dataset: { calendar } }) => {
    if (calendar.kind === 'files') return []
    const kind = { zone: calendar.zone, window: calendar.kind === 'ticks' ? ('hour' as const) : calendar.window }
    return held.getOrInsertComputed(`${kind.window} ${kind.zone}`, () => windowsBetween(kind, from, to))
  }
}

function datasetReport(
  found: ReportFacts,
  each: SourcedDataset,
  days: readonly string[],
  grids: Grids,
  clock: ZoneClock,
): { report: DatasetReport; windows: ReportedWindow[]; alarms: Alarm[] } {
  const { source, dataset } = each
  const { calendar, name } = dataset
  const atMs = found.settled.atMs
  const isTicks = calendar.kind === 'ticks'
  const grid = grids(each)
  const [startMs, endMs] = [grid[0]?.window.startMs ?? 0, grid.at(-1)?.window.endMs ?? 0]
  const read = found.windows.get(name) ?? []
  const inSpan = read.filter((row) => row.endMs > startMs && row.startMs < endMs)
  const schedule = found.schedules.find((one) => one.dataset === name)
  const rows = withoutHoles(grid, isTicks ? inSpan.map(onTheHour) : inSpan, schedule, atMs)
  const ofDataset = <Row extends { dataset: string | null }>(all: readonly Row[]) =>
    all.filter((row) => row.dataset === name)
  const [revised] = ofDataset(found.revised)
  const findings = ofDataset(found.findings)
  const { dataset: _name, ...sizes } = ofDataset(found.sizes ?? [])[0] ?? { dataset: name, ...noRevisions }
  const ticks = isTicks ? lastTicks(read, atMs) : null
  const report: DatasetReport = {
    source: source.name,
    dataset: name,
    zone: calendar.zone,
    kind: calendar.kind === 'days' ? calendar.window : 'ticks',
    schedule: schedule?.schedule ?? null,
    calendar: calendarDays(days, rows, clock.day),
    gaps: gapsOf(rows),
    ticks,
    punctuality: calendar.kind === 'days' ? punctualityOf(ofDataset(found.complete), calendar, clock) : null,
    revisions: {
      windows: revised?.windows ?? 0,
      windowsRevised: revised?.revised ?? 0,
      laterAnswers: revised?.laterAnswers ?? 0,
      sizes: found.sizes === null ? null : sizes,
    },
    quality: ofDataset(found.flags).map(({ flag, points }) => ({ flag, points })),
    findings: findingsByCheck(findings),
    refusals: ofDataset(found.refused).map(refusalOf),
    lastRevised: isoOrNull(revised?.lastRevisedMs ?? null),
  }
  const within = findingsWithin(findings)
  const windows = rows.map((row) => ({ source: source.name, dataset: name, findings: within(row), ...row }))
  return { report, windows, alarms: ticks === null ? lateOf(name, rows) : lostOf(name, ticks) }
}

const noRevisions = {
  ...{ revisions: 0, pointsRevised: 0, meanAbsChange: null, largestAbsChange: null },
  ...{ toNull: 0, fromNull: 0, medianDelayS: null, largestDelayS: null },
}

/** A row of ticks may begin or end within an hour. The grid knows hours. */
function onTheHour(row: facts.WindowRow): facts.WindowRow {
  const startMs = Math.floor(row.startMs / hourMs) * hourMs
  return { ...row, startMs, endMs: startMs + hourMs }
}

/** Ticks of hours that end after a day before `atMs`. */
function lastTicks(rows: readonly facts.WindowRow[], atMs: number): NonNullable<DatasetReport['ticks']> {
  const judged = rows.filter(({ startMs, endMs, class: each }) => {
    return endMs > atMs - dayMs && startMs <= atMs && ['complete', 'partial', 'lost'].includes(each)
  })
  const expected = judged.reduce((sum, row) => sum + (row.expectedPoints ?? 0), 0)
  const good = judged.reduce((sum, row) => sum + (row.points ?? 0), 0)
  return { expected, good, lost: expected - good, lostShare: expected === 0 ? null : (expected - good) / expected }
}

const lostOf = (dataset: string, { lost, lostShare }: NonNullable<DatasetReport['ticks']>): Alarm[] =>
  lostShare !== null && lostShare > maxLostShare ? [{ dataset, what: 'ticks-lost', count: lost }] : []

/** Windows that were asked for when their time was over do not count. */
function lateOf(dataset: string, rows: readonly facts.WindowRow[]): Alarm[] {
  const of = (what: CompletenessClass): number => rows.filter((row) => row.class === what && row.isWatched).length
  return (['late', 'partial'] as const).flatMap((what) => (of(what) > 0 ? [{ dataset, what, count: of(what) }] : []))
}

const refusalOf = ({ topic, reason, letters, open, newestMs, newestMessage }: facts.Refusals): Refusal => ({
  ...{ topic, reason, letters, open, newest: iso(newestMs), newestMessage },
})
