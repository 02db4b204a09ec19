import { expect, test } from 'vitest'
import type { CompletenessClass, DatasetReport, Report } from '../api/records.ts'
import { shownDatasets, wrongText } from './calendar-rows.ts'

const datasetOf = (source: string, name: string, schedule: string, of: CompletenessClass): DatasetReport => ({
  ...{ source, dataset: `${source}.${name}`, zone: 'UTC', kind: 'day', schedule },
  calendar: [{ day: '2026-11-27', class: of, windows: { [of]: 1 } }],
  ...{ gaps: [], punctuality: null, quality: [], findings: [], refusals: [] },
  revisions: { windows: 0, windowsRevised: 0, laterAnswers: 0 },
})
const report: Report = {
  ...{ at: '', from: '', to: '' },
  alarms: [
    { dataset: 'jao.atc', what: 'late', count: 2 },
    { dataset: 'kraken.ticker', what: 'ticks-lost', count: 7 },
    { dataset: 'jao.off', what: 'partial', count: 1 },
  ],
  datasets: [
    datasetOf('jao', 'atc', 'auto', 'late'),
    datasetOf('jao', 'off', 'off', 'not-collected'),
    datasetOf('kraken', 'ticker', 'auto', 'lost'),
  ],
}

test('what is wrong is said of the datasets that are shown alone', () => {
  const wrong = (source: string, isAll: boolean) => wrongText(report, shownDatasets(report, source, isAll))
  expect(wrong('', false)).toBe('jao.atc 2 late, kraken.ticker 7 ticks-lost')
  expect(wrong('jao', false)).toBe('jao.atc 2 late')
  expect(wrong('jao', true)).toBe('jao.atc 2 late, jao.off 1 partial')
  expect(wrong('votes', true)).toBe('')
})
