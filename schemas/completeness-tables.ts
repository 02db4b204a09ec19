// The tables that say what was expected, what was collected, and what became of it. The view completeness reads them.
import type { CompletenessChange, DatasetSchedule, ExpectedWindow, QualityFinding } from './generated/records.ts'
import type { TableTarget } from './record-schema.ts'
import { utc, utcOrNull } from './tables.ts'

export const expectedWindowsTable: TableTarget<ExpectedWindow> = {
  table: 'expected_windows',
  columns: [
    'dataset',
    'request_identity',
    'selector',
    'window_start',
    'window_end',
    'every_s',
    'expected_by',
    'late_after',
    'why',
    'steps',
    'declared_at',
    'backdated',
  ],
  row: (expected) => [
    expected.dataset,
    expected.requestIdentity,
    expected.selector,
    utc(expected.windowStart),
    utc(expected.windowEnd),
    expected.everyS,
    utcOrNull(expected.expectedBy),
    utcOrNull(expected.lateAfter),
    expected.why,
    expected.steps,
    utc(expected.declaredAt),
    expected.backdated,
  ],
}

export const scheduleLogTable: TableTarget<DatasetSchedule> = {
  table: 'schedule_log',
  columns: [
    'dataset',
    'at',
    'schedule',
    'because',
    'host',
    'selectors',
    'every_s',
    'first_day',
    'history_begins',
    'keys_vary',
    'by',
  ],
  row: (schedule) => [
    schedule.dataset,
    utc(schedule.at),
    schedule.schedule,
    schedule.because,
    schedule.host,
    schedule.selectors,
    schedule.everyS,
    schedule.firstDay,
    utcOrNull(schedule.historyBegins),
    schedule.keysVary,
    schedule.by,
  ],
}

export const completenessChangesTable: TableTarget<CompletenessChange> = {
  table: 'completeness_changes',
  columns: [
    'dataset',
    'request_identity',
    'selector',
    'window_start',
    'window_end',
    'class',
    'previous_class',
    'cause',
    'detail',
    'since',
    'at',
    'expected_by',
  ],
  row: (change) => [
    change.dataset,
    change.requestIdentity,
    change.selector,
    utc(change.windowStart),
    utc(change.windowEnd),
    change.class,
    change.previousClass,
    change.cause,
    change.detail,
    utc(change.since),
    utc(change.at),
    utcOrNull(change.expectedBy),
  ],
}

export const qualityFindingsTable: TableTarget<QualityFinding> = {
  table: 'quality_findings',
  columns: ['check', 'dataset', 'key', 'from', 'to', 'evidence', 'found_at', 'at', 'withdrawn_at', 'offset'],
  row: (finding, offset) => [
    finding.check,
    finding.dataset,
    finding.key,
    utc(finding.from),
    utc(finding.to),
    finding.evidence,
    utc(finding.foundAt),
    utc(finding.at),
    utcOrNull(finding.withdrawnAt),
    offset,
  ],
}
