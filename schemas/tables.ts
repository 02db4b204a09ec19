import type {
  AcceptedAnswer,
  Deletion,
  HostLog,
  Parking,
  Poll,
  Replay,
  Series,
  TimeseriesSlice,
} from './generated/records.ts'
import { type FieldCell, instant, type TableTarget, tableOfFields } from './record-schema.ts'

// The tables of the platform's records. Slices are written with Int64 times (ms UTC), because there are many slices;
// the store converts the times to DateTime. The other tables are written with ISO 8601 text.

// Maximum number of values in a slice; more are an error. A day of one-minute steps has 1,440.
const maxValues = 100_000

const checkedValues: FieldCell<'values'> = { path: 'values', limit: { maxItems: maxValues, check: checkValues } }

/** @throws RangeError for too many values, NaN and infinity. JSON would write NaN as null, as if there was no value */
function checkValues(values: (number | null)[]): void {
  if (values.length > maxValues) throw new RangeError(`${values.length} values in one slice; ${maxValues} are the most`)
  for (const value of values) {
    if (value !== null && !Number.isFinite(value)) throw new RangeError(`${value} is not a value that can be stored`)
  }
}

export const slicesTable = tableOfFields<TimeseriesSlice>(
  'slices',
  {
    dataset: 'dataset',
    key: 'key',
    window_start_ms: 'windowStart',
    window_end_ms: 'windowEnd',
    start_ms: 'start',
    step_s: 'step',
    values: checkedValues,
    known_at_ms: 'knownAt',
    upstream_modified_at_ms: 'upstreamModifiedAt',
    transform_version: 'transformVersion',
    flags: 'flags',
    origin: 'origin',
    raw_partition: 'raw.partition',
    raw_offset: 'raw.offset',
    identity: 'identity',
  },
  { isGrouped: true },
)

export const acceptedAnswersTable = tableOfFields<AcceptedAnswer>('accepted_answers', {
  replaces: 'replaces',
  dataset: 'dataset',
  identity: 'identity',
  request_identity: 'requestIdentity',
  selector: 'selector',
  window_start: instant('windowStart'),
  window_end: instant('windowEnd'),
  known_at: instant('knownAt'),
  transform_version: 'transformVersion',
  points: 'points',
  keys: 'keys',
  content_hash: 'contentHash',
  raw_partition: 'raw.partition',
  raw_offset: 'raw.offset',
})

export const seriesTable = tableOfFields<Series>('series', {
  dataset: 'dataset',
  key: 'key',
  labels: 'labels',
  unit: 'unit',
  step_s: 'step',
  transform_version: 'transformVersion',
  emitted_at: instant('emittedAt'),
})

export const pollsTable = tableOfFields<Poll>('polls', {
  request_identity: 'requestIdentity',
  dataset: 'dataset',
  host: 'host',
  window_start: instant('windowStart'),
  window_end: instant('windowEnd'),
  lane: 'lane',
  sent_at: instant('sentAt'),
  fetched_at: instant('fetchedAt'),
  outcome: 'outcome',
  status: 'status',
  duration_ms: 'durationMs',
  bytes: 'bytes',
  content_hash: 'contentHash',
  error: 'error',
  raw_partition: 'rawPartition',
  raw_offset: 'rawOffset',
  completeness: 'memory.completeness',
  failures: 'memory.failures',
  poller: 'poller',
  origin: 'origin',
  changes_state: 'changesState',
  empty_confirmed: 'memory.emptyConfirmed',
  last_changed_at: instant('memory.lastChangedAt'),
})

export const hostLogTable = tableOfFields<HostLog>('host_log', {
  host: 'host',
  at: instant('at'),
  poller: 'poller',
  state: 'state',
  waiting_for_budget: 'waitingForBudget',
  due_requests: 'dueRequests',
  paused_until: instant('pausedUntil'),
  pause_reason: 'pauseReason',
  settled_to: instant('settledTo'),
})

export const replaysTable: TableTarget<Replay> = {
  table: 'replays',
  columns: [
    'id',
    'kind',
    'dataset',
    'window_from',
    'window_to',
    'state',
    'who',
    'why',
    'started_at',
    'at',
    'from_version',
    'to_version',
    'spans',
    'counts',
    'message',
  ],
  row: (replay) => [
    replay.id,
    replay.kind,
    replay.dataset,
    utcOrNull(replay.windowFrom),
    utcOrNull(replay.windowTo),
    replay.state,
    replay.who,
    replay.why,
    utc(replay.startedAt),
    utc(replay.at),
    replay.fromVersion,
    replay.toVersion,
    replay.spans.map(({ from, to, ...span }) => ({ ...span, first_offset: from, end_offset: to })),
    replay.counts,
    replay.message,
  ],
}

export const deletionsTable = tableOfFields<Deletion>('deletions', {
  dataset: 'dataset',
  before: instant('before'),
  at: instant('at'),
  by: 'by',
  why: 'why',
})

export const parkingLogTable: TableTarget<Parking> = {
  table: 'parking_log',
  columns: ['dataset', 'at', 'state', 'reason', 'message', 'by', 'offset'],
  row: ({ dataset, at, parked, reason, message, by }, offset) => [
    dataset,
    utc(at),
    parked ? 'parked' : 'released',
    reason,
    message,
    by,
    offset,
  ],
}

/** Returns an instant, ms UTC, as the ISO 8601 text that the store reads. */
export const utc = (ms: number): string => new Date(ms).toISOString()
const utcOrNull = (ms: number | null): string | null => (ms === null ? null : utc(ms))
