import { type CompletenessClass, classesByWorst } from '#operations/report/classes.ts'
import type { DatasetReport, Report } from '#operations/report/report.ts'
import type { Settled } from '#operations/report/settled.ts'
import { causeWords } from '#operations/report/source-states.ts'
import { printable } from '#platform/process/printable.ts'
import { aligned } from '../aligned.ts'

export const glyphs: Readonly<Record<CompletenessClass, string>> = {
  complete: '█',
  partial: '▄',
  late: 'L',
  lost: 'X',
  retracted: 'R',
  'not-yet-due': '·',
  'not-collected': '-',
  'before-history': '<',
  deleted: 'D',
  unknown: '?',
}

/** Gaps of these classes show in a report of all datasets. A report of one dataset shows all gaps. */
const urgent: ReadonlySet<CompletenessClass> = new Set(['late', 'lost', 'partial', 'retracted'])
const maxGaps = 20
const narrow = 80
const wide = 120

/** Returns the report as text of at most `columns` columns, 80 to 120, where no single name or reason is longer. */
export function reportText(report: Report, columns: number, isOfOne: boolean): string {
  const width = Math.min(wide, Math.max(narrow, columns))
  const shown = report.datasets.filter((each) => isOfOne || isCollected(each))
  const hidden = report.datasets.length - shown.length
  return [
    `${report.from} to ${report.to}, as of ${report.at}`,
    '',
    ...calendarLines(shown, width),
    ...(hidden === 0 ? [] : [`${hidden === 1 ? '1 dataset' : `${hidden} datasets`} not collected`]),
    `  ${legend(shown, width).join('\n  ')}`,
    ...section('Wrong now', alarmLines(report)),
    ...section(
      'Gaps (UTC)',
      cut(
        shown.flatMap((each) => gapLines(each, isOfOne)),
        width,
      ),
    ),
    ...section('First complete, local time, the last 90 days', aligned(punctualityLines(shown))),
    ...shown.flatMap(({ dataset, punctuality: found }) => (found?.hint ? [`  ${dataset}`, `    ${found.hint}`] : [])),
    ...section('Revised (UTC)', aligned(revisionLines(shown))),
    ...(shown.some(isUnsized) ? ['  (how much: name a dataset, or fewer days)'] : []),
    ...section('Ticks of the last 24 hours', aligned(shown.flatMap(tickColumns))),
    ...section('Flags of points', aligned(shown.flatMap(flagColumns))),
    ...section('Findings across answers (UTC)', cut(aligned(shown.flatMap(findingColumns)), width)),
    ...section('Refused', cut(aligned(refusalColumns(report)), width)),
  ].join('\n')
}

const isCollected = ({ calendar }: DatasetReport): boolean =>
  calendar.some(({ class: each }) => each !== null && !['not-collected', 'before-history', 'unknown'].includes(each))

/** Says why a report is of its instant. Not a part of the report: one that is made again with --at is the same text. */
export function instantText({ atMs, basis, host }: Settled): string {
  const why = {
    asked: 'as it was known at this instant',
    settled: `every answer that arrived before is stored${host === null ? '' : `, by what the owner of ${printable(host)} says`}`,
    now: 'now: no poller has said yet up to when its answers are stored',
  }[basis]
  return `As of ${new Date(atMs).toISOString()} (${why}).`
}

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)]

const cut = (lines: readonly string[], width: number): string[] =>
  lines.map((line) => (line.length > width - 2 ? `${line.slice(0, width - 3)}…` : line))

/** One line a dataset, if the days fit beside the names. Else a line a month of each dataset. */
function calendarLines(datasets: readonly DatasetReport[], width: number): string[] {
  const names = Math.max(0, ...datasets.map(({ dataset }) => dataset.length))
  const days = datasets[0]?.calendar.map(({ day }) => day) ?? []
  if (datasets.length === 0) return ['  nothing is collected']
  if (names + 4 + days.length <= width)
    return [
      `  ${' '.repeat(names)}  ${ruler(days)}`,
      ...datasets.map(({ dataset, calendar }) => `  ${dataset.padEnd(names)}  ${glyphsOf(calendar)}`),
    ]
  return datasets.flatMap(({ dataset, calendar }) => [
    dataset,
    ...[...Map.groupBy(calendar, ({ day }) => day.slice(0, 7))].map(
      ([month, found]) => `  ${month}  ${' '.repeat(Number(found[0]?.day.slice(8)) - 1)}${glyphsOf(found)}`,
    ),
  ])
}

const glyphsOf = (calendar: DatasetReport['calendar']): string =>
  calendar.map(({ class: each }) => (each === null ? ' ' : glyphs[each])).join('')

/** The numbers of some days, each above its column: the first one, days 1, 10 and 20. */
function ruler(days: readonly string[]): string {
  let line = ''
  for (const [index, day] of days.entries()) {
    const number = String(Number(day.slice(8)))
    const isMarked = index === 0 || ['1', '10', '20'].includes(number)
    if (isMarked && (index === 0 || line.length < index)) line = line.padEnd(index) + number
  }
  return line
}

function legend(datasets: readonly DatasetReport[], width: number): string[] {
  const seen = new Set(datasets.flatMap(({ calendar }) => calendar.map((day) => day.class)))
  const parts = classesByWorst
    .toReversed()
    .filter((each) => seen.has(each))
    .map((each) => `${glyphs[each]} ${each}`)
  const lines: string[] = []
  for (const part of [...parts, ...(parts.length > 0 ? ['(the worst window of a day, local time)'] : [])]) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 2 + part.length > width - 2) lines.push(part)
    else lines[lines.length - 1] = `${last}  ${part}`
  }
  return lines
}

const alarmLines = ({ alarms }: Report): string[] =>
  aligned(
    alarms.map(({ dataset, what, count }) => [
      dataset,
      what === 'ticks-lost' ? `${count} ticks of the last 24 hours lost` : `${windows(count)} ${what}`,
    ]),
  )

const windows = (count: number): string => (count === 1 ? '1 window' : `${count} windows`)

/** A line a gap, and below it since when and why. */
function gapLines({ dataset, gaps }: DatasetReport, isOfOne: boolean): string[] {
  const shown = gaps.filter((gap) => isOfOne || urgent.has(gap.class))
  const lines = shown.slice(-maxGaps).flatMap(({ selector, from, to, class: each, cause, detail, since }) => {
    const name = selector === null ? dataset : `${dataset} ${printable(shortened(selector))}`
    const why = [cause === null ? null : causeWords(cause), printable(detail)].filter((one) => one !== null)
    const when = since === null ? [] : [`since ${minute(since)}`]
    const line = `${name}  ${minute(from)} to ${minute(to)}  ${each}`
    return cause === null ? [line] : [line, `  ${[...when, ...why].join(': ')}`]
  })
  const older = shown.length - maxGaps
  return older > 0 ? [`${dataset}: ${older} older gaps (--json has all)`, ...lines] : lines
}

const shortened = (text: string): string => (text.length > 24 ? `${text.slice(0, 23)}…` : text)
const minute = (iso: string): string => iso.slice(0, 16).replace('T', ' ')

function punctualityLines(datasets: readonly DatasetReport[]): string[][] {
  const lines = datasets.flatMap(({ dataset, punctuality }) => {
    if (punctuality === null) return []
    const { p50, p95, latest, expectedBy, windows: count } = punctuality
    return [[dataset, p50, p95, latest, expectedBy ?? '-', `${count}`]]
  })
  return lines.length === 0 ? [] : [['', 'half', '95 %', 'latest', 'expected', 'windows'], ...lines]
}

const isRevised = ({ revisions }: DatasetReport): boolean => revisions.windowsRevised > 0
const isUnsized = (each: DatasetReport): boolean => isRevised(each) && each.revisions.sizes === null

function revisionLines(datasets: readonly DatasetReport[]): string[][] {
  const revised = datasets.filter(isRevised)
  const lines = revised.map(({ dataset, revisions: { windows: all, windowsRevised, sizes }, lastRevised }) => [
    ...[dataset, `${windowsRevised} of ${all}`, minute(lastRevised ?? '').slice(5)],
    ...(sizes === null
      ? []
      : [
          ...[`${sizes.revisions}`, rounded(sizes.meanAbsChange), rounded(sizes.largestAbsChange)],
          ...[hours(sizes.medianDelayS), hours(sizes.largestDelayS)],
        ]),
  ])
  const sized = revised.some((each) => !isUnsized(each)) ? ['values', 'by', 'at most', 'after', 'at most'] : []
  return lines.length === 0 ? [] : [['', 'windows', 'last', ...sized], ...lines]
}

const rounded = (value: number | null): string => (value === null ? '-' : `${Number(value.toPrecision(4))}`)
const hours = (seconds: number | null): string =>
  seconds === null ? '-' : seconds < 5_400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`

const tickColumns = ({ dataset, ticks }: DatasetReport): string[][] =>
  ticks === null || ticks.lostShare === null
    ? []
    : [[dataset, `${ticks.good} of ${ticks.expected}`, `${(100 * ticks.lostShare).toFixed(2)} % lost`]]

const flagColumns = ({ dataset, quality }: DatasetReport): string[][] =>
  quality.map(({ flag, points }) => [dataset, printable(flag), points === 1 ? '1 point' : `${points} points`])

const findingColumns = ({ dataset, findings }: DatasetReport): string[][] =>
  findings.map(({ check, findings: count, newest: { key, from, evidence } }) => [
    dataset,
    printable(check),
    count === 1 ? '1 finding' : `${count} findings`,
    `last ${minute(from).slice(5)}`,
    [
      printable(shortened(key)),
      ...Object.entries(evidence).map(([name, value]) => `${printable(name)} ${rounded(value)}`),
    ]
      .filter((word) => word !== '')
      .join(' '),
  ])

function refusalColumns({ datasets, otherRefusals }: Report): string[][] {
  const all = [
    ...datasets.flatMap(({ dataset, refusals }) => refusals.map((each) => ({ name: dataset, ...each }))),
    ...otherRefusals.map((each) => ({ name: each.topic, ...each })),
  ]
  return all.map(({ name, reason, letters, open, newest, newestMessage }) => [
    name,
    printable(reason),
    `${letters}, ${open} open`,
    `last ${minute(newest)}`,
    printable(newestMessage),
  ])
}
