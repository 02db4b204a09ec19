// What the API answers, as far as the console reads it. /api/v1/openapi.json and docs/api.md describe the API. Instants
// are ISO 8601 UTC.

export interface AsOf {
  requested: string | null
  effective: string
  firstKnown: string | null
  settled: string
}

export interface Rows<Row> {
  asOf: AsOf
  data: Row[]
  next: string | null
}

export interface SourceLine {
  source: string
  at: string
  day: 'today' | 'tomorrow'
  zone: string
  of: 'windows' | 'ticks'
  complete: number
  expected: number
  lastAt: string | null
  expectedBy: string | null
  nextExpectedBy: string | null
  nextLateAfter: string | null
  lastRevisedAt: string | null
  late: {
    windows: number
    class: 'late' | 'partial'
    since: string | null
    cause: string | null
    datasets: LateDataset[]
  } | null
  line: string
}

export interface LateDataset {
  dataset: string
  class: 'late' | 'partial'
  windows: number
  /** The first local day that has one of the windows. */
  day: string
  since: string | null
  expectedBy: string | null
  /** null: there is no deadline. */
  graceS: number | null
}

export interface Change {
  known_at: string
  dataset: string
  key: string
  ts: string
  previous_value: number | null
  value: number | null
  previous_known_at: string
  delay_s: number | null
  flags: string[]
  /** Absolute change; null: a null came or went. */
  size: number | null
}

export interface Dataset {
  dataset: string
  source: string
  title: string
  description: string
  owner: string
  terms: string
  termsLink: string
  page: string
  unit: string
  zone: string
  window: string
  calendar: string
  due: string
  steps: { fromMs: number; stepS: number }[]
  keyPattern: string
  keyExample: string
  labels: Record<string, string>
  plausibleMin: number | null
  plausibleMax: number | null
  expectations: string[]
  checks: Record<string, string>
  acrossAnswers: Record<string, string>
  transformVersion: number
  shape: 'recorded' | 'documented'
  schedule: 'auto' | 'on-demand' | 'off'
  view: string | null
  topics: string[]
  firstDay: string | null
  /** null: it has ticks or comes in files. */
  expected: { expectedBy: string; lateAfterS: number } | { notKnown: string } | null
}

export interface SeriesName {
  dataset: string
  key: string
  labels: Record<string, string>
  unit: string
  step_s: number
}

/** What was known of a point from an instant on. */
export interface KnownValue {
  ts: string
  known_at: string
  value: number | null
  flags: string[]
  raw_partition: number
  raw_offset: number
}

export interface GridValue {
  ts: string
  value: number | null
  known_at: string | null
  /** null: the time has no value. */
  step_s: number | null
  flags: string[]
}

export interface WindowState {
  dataset: string
  selector: string | null
  window_start: string
  window_end: string
  class: CompletenessClass
  cause: string | null
  detail: string | null
  since: string | null
  lateness_s: number | null
  expected_by: string | null
  points: number | null
  expected_points: number | null
  keys: number | null
  usual_keys: number | null
  last_revised_at: string | null
  why: string | null
}

export type CompletenessClass =
  | 'unknown'
  | 'before-history'
  | 'deleted'
  | 'not-collected'
  | 'complete'
  | 'retracted'
  | 'partial'
  | 'not-yet-due'
  | 'late'
  | 'lost'

export interface Report {
  at: string
  from: string
  to: string
  alarms: { dataset: string; what: 'late' | 'partial' | 'ticks-lost'; count: number }[]
  datasets: DatasetReport[]
}

export interface DatasetReport {
  source: string
  dataset: string
  zone: string
  kind: 'day' | 'hour' | 'month' | 'ticks'
  schedule: string | null
  calendar: { day: string; class: CompletenessClass; windows: Partial<Record<CompletenessClass, number>> }[]
  gaps: {
    selector: string | null
    from: string
    to: string
    since: string | null
    class: CompletenessClass
    cause: string | null
    detail: string | null
    windows: number
  }[]
  punctuality: {
    windows: number
    days: number
    p50: string
    p95: string
    latest: string
    expectedBy: string | null
    hint: string | null
  } | null
  quality: { flag: string; points: number }[]
  findings: { check: string; findings: number }[]
  refusals: { reason: string; letters: number; open: number; newest: string; newestMessage: string }[]
  revisions: { windows: number; windowsRevised: number; laterAnswers: number }
}

export interface Poll {
  fetched_at: string
  dataset: string
  selector: string | null
  window_start: string
  window_end: string
  outcome: string
  completeness: string
  status: number | null
  error: string | null
  lane: string
  duration_ms: number
  bytes: number
}

export interface Explanation {
  dataset: string
  key: string
  ts: string
  unit: string
  value: number | null
  knownAt: string | null
  answers: ExplainedAnswer[]
}

export interface ExplainedAnswer {
  value: number | null
  change: string
  previousValue: number | null
  knownAt: string
  flags: string[]
  raw: {
    topic: string
    partition: number
    offset: number
    state: string
    problems: string[]
    url?: string
    status?: number
    sentAt?: string
    fetchedAt?: string
    contentHash?: string
    bodyBytes?: number
    traceId?: string | null
    body?: { base64: string; place: ValuePlace | null; placeIsDeclared: boolean }
  }
}

export interface ValuePlace {
  path: string
  fromByte: number
  toByte: number
  text: string
  before: string
  after: string
}

export interface Week {
  Year: number
  WeekNumber: number
  VoteCount: number
  IsOutlier: boolean | number
}

export interface RankedMarket {
  rank: number
  relative_rank: number
  source: string
  dataset: string
  market: string
  metric: string
  standard_deviation: number
  relative_deviation: number | null
  mean: number
  last: number
  change: number
  change_fraction: number | null
  samples: number
  at: string
}

export interface MarketFigure {
  source: string
  dataset: string
  market: string
  metric: string
}

export interface MarketBucket {
  dataset: string
  start: string
  samples: number
  min: number
  max: number
  mean: number
}
