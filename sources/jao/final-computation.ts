// All constraints of a flow-based domain, in pages. A window is one hour.
// Source: https://publicationtool.jao.eu/<region> (API: /<region>/api/data/finalComputation), public, no login.
// Quirks: an hour has 12,770 rows and 21 MB in Core, 904 rows in the Nordics. A day of Core takes 200 requests, the
// whole budget of two minutes, so only `backfill` requests it. An empty Filter gives wrong answers. No answer was
// recorded; the form is known from the code of clients.

import { viewName } from '../answers/delivery-view.ts'
import { neverSeen } from '../calendar.ts'
import type { Dataset, RequestTarget } from '../source.ts'
import { fewRowsOfHour } from './cables.ts'
import { constraintTable, constraintView } from './constraint-store.ts'
import { calculations } from './core-intraday.ts'
import {
  assessConstraints,
  constraintsTopic,
  explodeConstraints,
  rowsIn,
  rowsPerPage,
  skipOf,
} from './flow-constraints.ts'
import { dataPath, type Region, zone } from './period-dataset.ts'

interface Domain {
  region: Region
  name: string
  title: string
  firstDay: string
  searchFrom: string
  searchDaysLater?: number
}

const domains: Domain[] = [
  { region: 'core', name: 'finalComputation', title: 'Core day-ahead', firstDay: '2022-06-09', searchFrom: '10:30' },
  {
    region: 'nordic',
    name: 'finalComputation',
    title: 'Nordic day-ahead',
    firstDay: '2024-10-30',
    searchFrom: '09:00',
  },
  ...calculations.map(({ prefix, title, ...when }) => ({
    ...{ region: 'coreID' as const, name: `${prefix}_finalComputation`, title: `Core ${title}` },
    ...when,
  })),
]

export const finalComputations: Dataset[] = domains.map(({ region, name: path, title, ...when }) => {
  const name = `jao.${region}.${path}`
  const pagePath = (asked: RequestTarget, skip: number, take: number) =>
    `${dataPath(region, path, asked)}&Skip=${skip}&Take=${take}`
  return {
    name,
    title: `${title} final flow-based domain`,
    description:
      'Every constraint of the domain in every hour: the element and its contingency, the margin that remains, and how much of an exchange of each hub flows over it. One record a constraint, not series.',
    page: `https://publicationtool.jao.eu/${region}/${path}`,
    shape: 'documented',
    unit: 'MW',
    steps: [{ fromMs: Date.parse('2022-06-08T22:00:00Z'), stepS: 3600 }],
    keys: {
      pattern: '<dataset>/<hour>/<row>',
      example: `${name}/2026-06-10T22:00:00.000Z/17`,
      labels: {},
    },
    keysVary: 'a key is a row, and each hour has as many rows as its domain has constraints',
    expectations: [
      'every page has a margin or a factor: until then the hour is partial',
      'all pages of an hour say the same number of rows',
      'rows are looked at by the newest version of their page: the view of this dataset does so',
    ],
    acrossAnswers: [fewRowsOfHour],
    transformVersion: 2,
    schedule: 'on-demand',
    calendar: { kind: 'days', window: 'hour', zone, ...when, expected: neverSeen },
    asking: {
      autoBackfill: false,
      meaningfulStatuses: [],
      maxBodyBytes: 6 * 1024 * 1024,
      pages: { countPath: (asked) => pagePath(asked, 0, 0), take: rowsPerPage, rowsIn },
      requestPath: (asked) => pagePath(asked, skipOf(asked.selector), rowsPerPage),
      assess: assessConstraints,
    },
    records: {
      topics: [constraintsTopic],
      from: `tidemark.flow_constraints WHERE dataset = '${name}'`,
      tables: [constraintTable(name)],
    },
    explode: (answer) => explodeConstraints(name, answer),
    labels: () => ({}),
    view: constraintView(name, viewName(name)),
  } satisfies Dataset
})
