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
import type { TableTarget } from './record-schema.ts'

// The tables of the platform's records. Slices are written with Int64 times (ms UTC), because there are many slices;
// the store converts the times to DateTime. The other tables are written with ISO 8601 text.

export const slicesTable: TableTarget<TimeseriesSlice> = {
  table: 'slices',
  columns: [
    'dataset',
    'key',
    'window_start_ms',
    'window_end_ms',
    'start_ms',
    'step_s',
    'values',
    'known_at_ms',
    'upstream_modified_at_ms',
    'transform_version',
    'flags',
    'origin',
    'raw_partition',
    'raw_offset',
    'identity',
  ],
  row: (slice) => [
    slice.dataset,
    slice.key,
    slice.windowStart,
    slice.windowEnd,
    slice.start,
    slice.step,
    checked(slice.values),
    slice.knownAt,
    slice.upstreamModifiedAt,
    slice.transformVersion,
    slice.flags,
    slice.origin,
    slice.raw.partition,
    slice.raw.offset,
    slice.identity,
  ],
}

export const acceptedAnswersTable: TableTarget<AcceptedAnswer> = {
  table: 'accepted_answers',
  columns: [
    'replaces',
    'dataset',
    'identity',
    'request_identity',
    'selector',
    'window_start',
    'window_end',
    'known_at',
    'transform_version',
    'points',
    'keys',
    'content_hash',
    'raw_partition',
    'raw_offset',
  ],
  row: (answer) => [
    answer.replaces,
    answer.dataset,
    answer.identity,
    answer.requestIdentity,
    answer.selector,
    utc(answer.windowStart),
    utc(answer.windowEnd),
    utc(answer.knownAt),
    answer.transformVersion,
    answer.points,
    answer.keys,
    answer.contentHash,
    answer.raw.partition,
    answer.raw.offset,
  ],
}

export const seriesTable: TableTarget<Series> = {
  table: 'series',
  columns: ['dataset', 'key', 'labels', 'unit', 'step_s', 'transform_version', 'emitted_at'],
  row: (series) => [
    series.dataset,
    series.key,
    series.labels,
    series.unit,
    series.step,
    series.transformVersion,
    utc(series.emittedAt),
  ],
}

export const pollsTable: TableTarget<Poll> = {
  table: 'polls',
  columns: [
    'request_identity',
    'dataset',
    'host',
    'window_start',
    'window_end',
    'lane',
    'sent_at',
    'fetched_at',
    'outcome',
    'status',
    'duration_ms',
    'bytes',
    'content_hash',
    'error',
    'raw_partition',
    'raw_offset',
    'completeness',
    'failures',
    'poller',
    'origin',
    'changes_state',
    'empty_confirmed',
    'last_changed_at',
  ],
  row: (poll) => [
    poll.requestIdentity,
    poll.dataset,
    poll.host,
    utc(poll.windowStart),
    utc(poll.windowEnd),
    poll.lane,
    utc(poll.sentAt),
    utc(poll.fetchedAt),
    poll.outcome,
    poll.status,
    poll.durationMs,
    poll.bytes,
    poll.contentHash,
    poll.error,
    poll.rawPartition,
    poll.rawOffset,
    poll.memory.completeness,
    poll.memory.failures,
    poll.poller,
    poll.origin,
    poll.changesState,
    poll.memory.emptyConfirmed,
    utcOrNull(poll.memory.lastChangedAt),
  ],
}

export const hostLogTable: TableTarget<HostLog> = {
  table: 'host_log',
  columns: [
    'host',
    'at',
    'poller',
    'state',
    'waiting_for_budget',
    'due_requests',
    'paused_until',
    'pause_reason',
    'settled_to',
  ],
  row: (log) => [
    log.host,
    utc(log.at),
    log.poller,
    log.state,
    log.waitingForBudget,
    log.dueRequests,
    utcOrNull(log.pausedUntil),
    log.pauseReason,
    utc(log.settledTo),
  ],
}

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

export const deletionsTable: TableTarget<Deletion> = {
  table: 'deletions',
  columns: ['dataset', 'before', 'at', 'by', 'why'],
  row: ({ dataset, before, at, by, why }) => [dataset, utc(before), utc(at), by, why],
}

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
export const utcOrNull = (ms: number | null): string | null => (ms === null ? null : utc(ms))

// Maximum number of values in a slice; more are an error. A day of one-minute steps has 1,440.
const maxValues = 100_000

/** @throws RangeError for too many values, NaN and infinity. JSON would write NaN as null, as if there was no value */
function checked(values: (number | null)[]): (number | null)[] {
  if (values.length > maxValues) throw new RangeError(`${values.length} values in one slice; ${maxValues} are the most`)
  for (const value of values) {
    if (value !== null && !Number.isFinite(value)) throw new RangeError(`${value} is not a value that can be stored`)
  }
  return values
}
