import { seriesSchema } from '#schemas/generated/records.ts'
import type { Source } from '#sources/source.ts'

/** Returns a source of one dataset, with many of the declarations that are optional. */
export function declaredSource({ name }: { name: string }): Source {
  return {
    name,
    title: 'Tide tables',
    owner: 'the harbour office',
    licence: { terms: 'free for all', link: `https://${name}.example/terms` },
    upstream: {
      baseUrl: { default: `https://${name}.example`, setting: 'TIDES_BASE_URL' },
      budget: { perMinute: 10, burst: 1, refillPerMinute: 6, maxInFlight: 1 },
    },
    retention: { rawDays: 30 },
    topics: [{ suffix: 'alarms', record: seriesSchema, key: 'harbour', retentionImpact: 'alarms are forgotten' }],
    datasets: [
      {
        name: `${name}.hourly`,
        title: 'Water levels',
        description: 'Water above the mean, by harbour.',
        page: `https://${name}.example/levels`,
        shape: 'documented',
        unit: 'cm',
        steps: [
          { fromMs: Date.parse('2019-12-31T23:00:00Z'), stepS: 3_600 },
          { fromMs: Date.parse('2024-12-31T23:00:00Z'), stepS: 900 },
        ],
        keys: { pattern: 'at_<harbour>', example: 'at_OST', labels: { harbour: 'three letters' } },
        plausible: { min: -500, max: 500.5 },
        expectations: ['every hour has a row', 'it’s whole cm'],
        checks: [{ flag: 'ebb-above-flood', text: 'The ebb is above the flood.', find: () => {} }],
        acrossAnswers: [
          {
            ...{ check: 'few-rows', text: 'A day has few rows.', share: 0.5 },
            ...{ history: 14, minHistory: 7, withinS: 5_184_000 },
          },
        ],
        transformVersion: 7,
        schedule: 'auto',
        calendar: {
          ...{ kind: 'days', window: 'day', zone: 'Europe/Brussels', firstDay: '2020-01-01', searchFrom: '09:00' },
          expected: { expectedBy: '11:00', lateAfterS: 1_800 },
        },
        asking: {
          autoBackfill: false,
          meaningfulStatuses: [],
          maxBodyBytes: 1_000,
          requestPath: () => '/levels',
          assess: () => 'complete',
        },
        explode: () => ({ slices: [], ignored: {} }),
        labels: (key) => ({ harbour: key.slice(3) }),
        view: { name: `${name}_levels`, select: 'SELECT 1 AS cm' },
      },
    ],
  }
}
