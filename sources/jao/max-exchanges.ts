// Core maxExchanges (MaxBex): the largest exchange between any two hubs of the Core region that the flow-based domain
// of the day ahead allows, in MW, hourly, also after October 2025.
// Where: https://publicationtool.jao.eu/core/maxExchanges (API: /core/api/data/maxExchanges), public, no login.
// When: business day D is published on D-1 about 10:30 Brussels; now and then a whole day is published again.
// Quirks: DE is DE-LU; every ordered pair of zones is there, border or not; 132 keys until delivery 2026-06-10, 150 from
// 2026-06-11 (nine virtual hubs); row ids change with every re-publication; terms of re-use: not stated by upstream.
import type { Dataset } from '../source.ts'
import { type BorderRows, explodeBorderRows, lookAtBorderRows } from './border-rows.ts'
import { borderLabels } from './hubs.ts'
import { placeInBorderRows } from './place.ts'

const shape: BorderRows = {
  steps: [{ fromMs: Date.parse('2022-06-08T22:00:00Z'), stepS: 3600 }],
  keyPattern: /^border_[A-Za-z0-9_]{1,120}$/,
  maxKeys: 2_000,
  plausible: { min: 0, max: 25_000 },
}

export const coreMaxExchanges: Dataset = {
  name: 'jao.core.maxExchanges',
  title: 'Core day-ahead maximum bilateral exchanges (MaxBex)',
  description:
    'The largest exchange between any two hubs of the Core region that the flow-based domain of the day ahead allows. A bilateral maximum: not all pairs can be used at once, and not all pairs share a border.',
  page: 'https://publicationtool.jao.eu/core/maxExchanges',
  shape: 'recorded',
  unit: 'MW',
  steps: shape.steps,
  keys: {
    pattern: 'border_<from>_<to>',
    example: 'border_AT_BE',
    labels: { from: 'the exporting zone or hub', to: 'the importing one' },
  },
  plausible: shape.plausible,
  expectations: ['every hour of the business day has a row', 'values are whole MW, never negative'],
  transformVersion: 1,
  calendar: { kind: 'days', window: 'day', zone: 'Europe/Brussels', firstDay: '2022-06-09', searchFrom: '09:00' },
  asking: {
    live: true,
    pastMonth: true,
    meaningfulStatuses: [],
    maxBodyBytes: 4 * 1024 * 1024,
    requestPath: ({ window }) =>
      `/core/api/data/maxExchanges?FromUtc=${encodeURIComponent(iso(window.startMs))}&ToUtc=${encodeURIComponent(iso(window.endMs))}`,
    look: (body, { window }) => lookAtBorderRows(shape, body, window),
  },
  explode: (answer) => explodeBorderRows(shape, answer),
  place: (answer, key, atMs) => placeInBorderRows(shape, answer, key, atMs),
  labels: borderLabels,
  view: {
    name: 'jao_core_max_exchanges',
    select: `
      SELECT l.ts AS delivery_start,
             nullIf(s.from_zone, '') AS from_zone,
             nullIf(s.to_zone, '') AS to_zone,
             l.value AS mw,
             l.known_at AS known_at
      FROM tidemark.latest AS l
      LEFT JOIN (
        SELECT key, labels['from'] AS from_zone, labels['to'] AS to_zone
        FROM tidemark.series FINAL
        WHERE dataset = 'jao.core.maxExchanges'
      ) AS s ON s.key = l.key
      WHERE l.dataset = 'jao.core.maxExchanges'`,
  },
}

const iso = (ms: number): string => new Date(ms).toISOString()
