import { describe, expect, test } from 'vitest'
import type { BackfillReport } from '#operations/backfill/report.ts'
import { reportText } from './backfill.ts'

const report: BackfillReport = {
  ...{ dataset: 'a.b.c', from: '2026-04-01', to: '2026-04-07', windows: 7, changed: 1, unchanged: 1 },
  empty: ['2026-04-03', '2026-04-04'],
  partial: ['2026-04-02'],
  failed: [
    { day: '2026-04-05', reason: 'HTTP 503' },
    { day: '2026-04-06', reason: 'upstream refused the request' },
    { day: '2026-04-07', reason: 'went to the dead letters: schema: data[0].x is no number' },
  ],
}

describe('the report', () => {
  test('is a line a fact', () => {
    expect(reportText(report).split('\n')).toEqual([
      'a.b.c 2026-04-01 to 2026-04-07: 7 windows asked for, 1 new or changed, 1 unchanged',
      'nothing published: 2026-04-03, 2026-04-04',
      'only a part published: 2026-04-02',
      'could not be fetched: 2026-04-05 (HTTP 503)',
      'could not be fetched: 2026-04-06 (upstream refused the request)',
      'could not be fetched: 2026-04-07 (went to the dead letters: schema: data[0].x is no number)',
      '',
    ])
  })
  test('says which windows are confirmed to be empty, where that was asked for', () => {
    expect(reportText({ ...report, confirmedEmpty: ['2026-04-04'] })).toContain(
      '\n1 window confirmed empty, all values withdrawn: 2026-04-04\n',
    )
    expect(reportText({ ...report, confirmedEmpty: [] })).toContain('\nno window confirmed empty, no value withdrawn\n')
  })
})
