import type { AcrossCheck } from '../answers/across-answers.ts'
import { deliveryView } from '../answers/delivery-view.ts'
import { iso } from '../answers/times.ts'
import { type Deadline, neverSeen } from '../calendar.ts'
import type { Check, Dataset, DeclaredStep, RequestTarget, Schedule } from '../source.ts'
import { fewRowsOfDay } from './cables.ts'
import { assessPeriodRows, explodePeriodRows } from './period-rows.ts'
import type { PeriodRows } from './period-table.ts'
import { placeInPeriodRows } from './place.ts'
import type { Shape } from './shapes.ts'

export type Region = 'core' | 'nordic' | 'coreID'

export interface PeriodDataset {
  region: Region
  name: string
  title: string
  description: string
  shape: Shape
  recorded?: boolean
  /** True: declares quarter hours since delivery 2025-10-01. Absent: declares hours, and accepts quarter hours. */
  quarterHours?: boolean
  plausible?: { min: number; max: number }
  checks?: readonly Check[]
  /** In addition to the check of rows, which every recorded dataset has. */
  acrossAnswers?: readonly AcrossCheck[]
  firstDay: string
  searchFrom: string
  searchDaysLater?: number
  /** Absent: not known, because no answer was ever seen. */
  expected?: Deadline
  /** Default: on-demand. */
  schedule?: Schedule
  autoBackfill?: boolean
  expectations?: string[]
  transformVersion: number
}

export const zone = 'Europe/Brussels'
const hours: DeclaredStep = { fromMs: Date.parse('2022-06-08T22:00:00Z'), stepS: 3600 }
const quarters: DeclaredStep = { fromMs: Date.parse('2025-09-30T22:00:00Z'), stepS: 900 }

export function periodDataset(declared: PeriodDataset): Dataset {
  const { region, shape, title, description, plausible, checks = [] } = declared
  const name = `jao.${region}.${declared.name}`
  const steps = declared.quarterHours ? [hours, quarters] : [hours]
  const rows: PeriodRows = {
    steps,
    keys: shape.pattern,
    keyPattern: shape.keyPattern,
    nullMeans: shape.nullMeans,
    maxKeys: 2_000,
    plausible,
    checks,
  }
  return {
    name,
    title,
    description,
    page: `https://publicationtool.jao.eu/${region}/${declared.name}`,
    shape: declared.recorded ? 'recorded' : 'documented',
    unit: shape.unit,
    ...(shape.unitOf ? { unitOf: shape.unitOf } : {}),
    steps,
    keys: { pattern: shape.pattern, example: shape.example, labels: shape.says },
    ...(plausible ? { plausible } : {}),
    ...(shape.nullMeans === undefined ? {} : { nullMeans: shape.nullMeans }),
    ...(shape.keysVary === undefined ? {} : { keysVary: shape.keysVary }),
    expectations: [
      `every period of the business day has a row${shape.nullMeans === undefined ? ' with a value' : ''}`,
      ...(declared.expectations ?? []),
    ],
    checks,
    acrossAnswers: [...(declared.acrossAnswers ?? []), ...(declared.recorded ? [fewRowsOfDay] : [])],
    transformVersion: declared.transformVersion,
    schedule: declared.schedule ?? 'on-demand',
    calendar: {
      kind: 'days',
      window: 'day',
      zone,
      firstDay: declared.firstDay,
      searchFrom: declared.searchFrom,
      ...(declared.searchDaysLater ? { searchDaysLater: declared.searchDaysLater } : {}),
      expected: declared.expected ?? neverSeen,
    },
    asking: {
      autoBackfill: declared.autoBackfill ?? false,
      meaningfulStatuses: [],
      maxBodyBytes: 4 * 1024 * 1024,
      requestPath: (asked) => dataPath(region, declared.name, asked),
      assess: (body, { window }) => assessPeriodRows(rows, body, window),
    },
    explode: (answer) => explodePeriodRows(rows, answer),
    place: (answer, key, atMs) => placeInPeriodRows(rows, answer, key, atMs),
    labels: shape.labels,
    view: deliveryView(name, Object.keys(shape.says), shape.unit),
  }
}

export const dataPath = (region: Region, name: string, { window }: RequestTarget): string =>
  `/${region}/api/data/${name}?FromUtc=${encodeURIComponent(iso(window.startMs))}&ToUtc=${encodeURIComponent(iso(window.endMs))}`
