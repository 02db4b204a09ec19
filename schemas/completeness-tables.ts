// The tables that say what was expected, what was collected, and what became of it. The view completeness reads them.
import type { CompletenessChange, DatasetSchedule, ExpectedWindow, QualityFinding } from './generated/records.ts'
import { instant, recordOffset, tableOfFields } from './record-schema.ts'

export const expectedWindowsTable = tableOfFields<ExpectedWindow>('expected_windows', {
  dataset: 'dataset',
  request_identity: 'requestIdentity',
  selector: 'selector',
  window_start: instant('windowStart'),
  window_end: instant('windowEnd'),
  every_s: 'everyS',
  expected_by: instant('expectedBy'),
  late_after: instant('lateAfter'),
  why: 'why',
  steps: 'steps',
  declared_at: instant('declaredAt'),
  backdated: 'backdated',
})

export const scheduleLogTable = tableOfFields<DatasetSchedule>('schedule_log', {
  dataset: 'dataset',
  at: instant('at'),
  schedule: 'schedule',
  because: 'because',
  host: 'host',
  selectors: 'selectors',
  every_s: 'everyS',
  first_day: 'firstDay',
  history_begins: instant('historyBegins'),
  keys_vary: 'keysVary',
  by: 'by',
})

export const completenessChangesTable = tableOfFields<CompletenessChange>('completeness_changes', {
  dataset: 'dataset',
  request_identity: 'requestIdentity',
  selector: 'selector',
  window_start: instant('windowStart'),
  window_end: instant('windowEnd'),
  class: 'class',
  previous_class: 'previousClass',
  cause: 'cause',
  detail: 'detail',
  since: instant('since'),
  at: instant('at'),
  expected_by: instant('expectedBy'),
})

export const qualityFindingsTable = tableOfFields<QualityFinding>('quality_findings', {
  check: 'check',
  dataset: 'dataset',
  key: 'key',
  from: instant('from'),
  to: instant('to'),
  evidence: 'evidence',
  found_at: instant('foundAt'),
  at: instant('at'),
  withdrawn_at: instant('withdrawnAt'),
  offset: recordOffset,
})
