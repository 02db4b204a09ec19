// The interface between tidemark and its sources. A source is a folder here and a line in index.ts. platform/ and
// services/ name no source. A source imports only zod, this file and record types.
import type { RecordSchema, TableTarget } from '#schemas/record-schema.ts'
import type { Calendar } from './calendar.ts'

/** An upstream and all its datasets. Its topics begin with its name, so that another team can own them. */
export interface Source {
  /** Lower-case name, and prefix of the source's topics: jao. */
  name: string
  title: string
  owner: string
  licence: { terms: string; link: string }
  upstream?: Upstream
  /** Days that raw responses and slices stay on topics. Default: forever. docs/operations.md explains the cost. */
  retention?: { rawDays?: number; timeseriesDays?: number }
  datasets: Dataset[]
  topics?: OwnTopic[]
  /** SQL that provisioning runs in this order after the platform's migrations. It may run a statement twice. */
  statements?: StoreStatement[]
}

export interface Upstream {
  /** The default address, and the environment variable that replaces it. The paths of requests stay the same. */
  baseUrl: { default: string; setting: string }
  budget: RequestBudget
  /** A request header with a secret. Without it nothing is requested. The secret is never printed, logged or stored. */
  credential?: { header: string; setting: string; obtainFrom: string }
}

export interface RequestBudget {
  perMinute: number
  /** Token bucket: its size, and the tokens added per minute. burst + refillPerMinute must stay below perMinute. */
  burst: number
  refillPerMinute: number
  maxInFlight: number
}

/** A topic `<source>.<suffix>`. `key` describes its keys. The sink stores its records if `table` is given. */
export interface OwnTopic<T = unknown> {
  suffix: string
  record: RecordSchema<T>
  table?: TableTarget<T>
  key: string
  retentionImpact: string
  /** Returns the last instant that a record covers, ms UTC, for deletions. Default: the end of its window. */
  lastMs?(record: T): number
}

/**
 * A table that keeps every version of a record, with the columns raw_partition and raw_offset. Its engine may replace a
 * row only by a row of the same answer with a greater transform version. The view that fills it must skip deleted data.
 */
export interface OwnTable {
  name: string
  rows: string
  /** SQL of a DateTime in UTC. A deletion removes rows before its bound. Absent: rows are never deleted. */
  time?: string
  windowStart: string
  transformVersion: string
}

/** An idempotent statement: CREATE ... IF NOT EXISTS, CREATE OR REPLACE VIEW, or ALTER. `name` appears in messages. */
export interface StoreStatement {
  name: string
  sql: string
}

export interface Dataset {
  /** Full name: jao.core.maxExchanges. */
  name: string
  title: string
  description: string
  page: string
  /** `recorded` if an answer was recorded. `documented` if only upstream's documentation is known. */
  shape: 'recorded' | 'documented'
  /** Unit of the values. If units differ by key, `unitOf` returns the unit of a key. */
  unit: string
  unitOf?: (key: string) => string
  /** Distances between values, in the order of `fromMs`. Empty for datasets of events. */
  steps: DeclaredStep[]
  /** The pattern of the keys in words, an example of a key, and the meaning of each label. */
  keys: { pattern: string; example: string; labels: Record<string, string> }
  /** The plausible range of values. A value outside is stored with the flag `implausible`. */
  plausible?: { min: number; max: number }
  /** The meaning of a published null, such as 'no limit'. Without it, a window with only nulls is partial. */
  nullMeans?: string
  /** Conditions that a good answer satisfies, in words. A violation is reported by a flag or a refusal. */
  expectations: string[]
  /** 0 to 4095. Raise it whenever explode changes its result for the same answer. */
  transformVersion: number
  schedule: Schedule
  calendar: Calendar
  asking?: RequestSpec
  files?: FileReading
  /** Own records: topic suffixes, the text after FROM in queries, and tables for deletions and replays. */
  records?: { topics: string[]; from: string; tables: OwnTable[] }
  /** Pure. Returns the slices of an answer, or the reason why the whole answer is refused. */
  explode: (answer: Answer) => ExplodeResult
  /** Pure. Returns the path to a value in a JSON body: ['data', 17, 'border_AT_BE']. Undefined if it is absent. */
  place?: (answer: Answer, key: string, atMs: number) => (string | number)[] | undefined
  /** Parses a key into labels, as { from: 'AT', to: 'BE' }. Returns {} for a key that cannot be parsed. */
  labels: (key: string) => Record<string, string>
  /** The dataset's view: its name, and a SELECT from `latest` joined with `series` for the labels. */
  view?: { name: string; select: string }
}

/** From `fromMs` on, values are `stepS` seconds apart. */
export interface DeclaredStep {
  fromMs: number
  stepS: number
}

/**
 * The setting DATASET_SCHEDULES overrides it.
 * - `auto`: the poller requests new windows by itself. Older windows need `backfill`.
 * - `on-demand`: windows are only requested by `backfill`. A dataset of files is only read by `ingest`.
 * - `off`: the dataset is neither polled nor exploded.
 */
export type Schedule = 'auto' | 'on-demand' | 'off'

export interface RequestSpec {
  /** With the schedule `auto`, the poller also requests the windows of the last BACKFILL_DAYS days by itself. */
  autoBackfill: boolean
  /** Statuses besides 200 whose answers are stored as raw responses. */
  meaningfulStatuses: number[]
  /** Limit of an answer, in bytes. A longer answer is a failed poll. A raw record holds at most 7 MiB. */
  maxBodyBytes: number
  /** Selectors that requests have besides the window: symbols or corridors. */
  selectors?: Selectors
  pages?: Pages
  /** Path and query of a request, below the base URL. */
  requestPath: (asked: RequestTarget) => string
  /**
   * Says whether a body is complete, partial, empty or refused. If upstream rejects the request with a message, returns
   * an `upstream-rejected` refusal instead. Usually runs after Kafka has acknowledged the raw record. Runs before, if
   * the answer may confirm an empty window, and on bodies of statuses that are not stored, for upstream's message.
   * @throws Error if the body cannot be read
   */
  assess: (body: Uint8Array, asked: RequestTarget) => Coverage | Refusal
}

export interface RequestTarget {
  window: Window
  /** One of the dataset's selectors, or several joined by commas. Null if the dataset has no selectors. */
  selector: string | null
}

export interface Selectors {
  setting: string
  default: string[]
  /** Pattern of valid selectors. Other selectors in the setting are reported. */
  pattern: RegExp
  perRequest: number
}

/**
 * Pages of a window. The poller requests the row count, then page after page. Each page is a raw record with the
 * selector `rows-<skip>`. The answer with the row count has no selector; it becomes a raw record if the count changed.
 */
export interface Pages {
  countPath: (asked: RequestTarget) => string
  take: number
  /** Counts the rows of an answer. `total`: all rows of the window, or null if unknown. @throws Error if unreadable */
  rowsIn: (body: Uint8Array) => { rows: number; total: number | null }
}

/** How a file becomes raw records: whole, or in chunks of whole lines. Only a line longer than a chunk is split. */
export type FileReading = (
  | { by: 'file'; maxBytes: number }
  | { by: 'lines'; chunkBytes: number; chunkLines: number; maxLineBytes: number }
) & {
  /** The rows that the summary of an ingest counts. Default: points. */
  stored?: {
    noun: string
    /** Returns a SELECT of one row with the column `count`: rows that became known in an interval, ms, inclusive. */
    count: (fromMs: number, toMs: number) => string
  }
}

/** The half-open UTC interval that upstream publishes as one unit. */
export interface Window {
  startMs: number
  endMs: number
}

/**
 * - `complete`: every step has a value of some key, or a row if `nullMeans` is declared.
 * - `partial`: rows, values or requested symbols are missing. The window is polled again.
 * - `empty`: the answer has no rows.
 * - `refused`: upstream rejects the request.
 */
export type Coverage = 'complete' | 'partial' | 'empty' | 'refused'

export interface Answer {
  body: Uint8Array
  status: number
  window: Window
  /** The requested selector. Null or absent if the dataset has no selectors. */
  selector?: string | null
  url?: string
  /** Stored headers, names in lower case. A chunk of a file has its position: first-line, starts-within-line. */
  headers?: Record<string, string>
}

export interface ExplodeResult {
  slices: Slice[]
  records?: OwnRecord[]
  /** The reason why the whole answer is refused. `slices` is empty then. */
  refusal?: Refusal
  /** The row count, if the answer only counts the rows of a window in pages. */
  counted?: number
  /** Harmless omissions, counted by name for the metrics: { 'row-at-window-end': 1 }. */
  ignored: Record<string, number>
  /** Parts that are refused alone, such as a line of a file. Each part becomes a dead letter. */
  refusedParts?: RefusedPart[]
}

/** The platform adds dataset, windowStart, windowEnd, knownAt, transformVersion, origin and raw to `fields`. */
export interface OwnRecord {
  topic: string
  key: string
  fields: Record<string, unknown>
}

/** A refused part of an answer. `body` is a valid answer that contains only this part. */
export interface RefusedPart {
  refusal: Refusal
  body: Uint8Array
  /** Headers of the dead letter, with the position of the part. Default: the headers of the answer. */
  headers?: Record<string, string>
}

/** Values of one key on a regular grid. values[i] is the value at startMs + i * stepS * 1000. */
export interface Slice {
  key: string
  startMs: number
  stepS: number
  /** A null was published without a value. */
  values: (number | null)[]
  flags: string[]
  upstreamModifiedAtMs?: number
}

export interface Refusal {
  reason: RefusalReason
  /** One sentence that says what is wrong, and where. */
  message: string
}

/** `schema`, `type`, `step`: perhaps a fault of our code. `line`, `other-file`: of a file. Others: of upstream. */
export type RefusalReason =
  | 'not-json'
  | 'schema'
  | 'type'
  | 'step'
  | 'outside-window'
  | 'conflicting-rows'
  | 'upstream-rejected'
  | 'too-many-keys'
  | 'line'
  | 'other-file'
