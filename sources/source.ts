// The interface between tidemark and its sources. A source is a folder here and a line in index.ts. platform/ and
// services/ name no source. A source imports only zod, this file and record types.
import type { RecordSchema, TableTarget } from '#schemas/record-schema.ts'
import type { AcrossCheck } from './answers/across-answers.ts'
import type { Calendar, Window } from './calendar.ts'
import type { Site } from './site.ts'

export type { Window } from './calendar.ts'

/** An upstream and all its datasets. Topics begin with the source's name, so rights on them can go to another team. */
export interface Source {
  /** Lower-case name, and prefix of the source's topics: jao. */
  name: string
  title: string
  owner: string
  /** `spdx` is the identifier of the licence (SPDX), if upstream states one. Exports name no other licence. */
  licence: { terms: string; link: string; spdx?: string }
  upstream?: Upstream
  /** Days that topics keep raw responses (rawDays) and what explode returned (timeseriesDays). Default: for ever. */
  retention?: { rawDays?: number; timeseriesDays?: number }
  datasets: Dataset[]
  /** Answers requests of upstream's own clients from stored answers. Absent: such requests are not answered. */
  site?: Site
  topics?: OwnTopic[]
  /** SQL that provisioning runs in this order after the platform's migrations. A statement may run more than once. */
  statements?: StoreStatement[]
}

export interface Upstream {
  /** The default address, and the environment variable that replaces it. The paths of requests stay the same. */
  baseUrl: { default: string; setting: string }
  budget: RequestBudget
  /**
   * A request header with a secret, the value of the environment variable `setting`. Without the secret nothing is
   * requested. The secret is never printed, logged or stored.
   */
  credential?: { header: string; setting: string; obtainFrom: string }
}

export interface RequestBudget {
  perMinute: number
  /** Size of the token bucket. burst + refillPerMinute must stay below perMinute, upstream's limit. */
  burst: number
  /** Tokens added to the bucket per minute. A request costs one. */
  refillPerMinute: number
  maxInFlight: number
}

/** A topic `<source>.<suffix>`. `key` describes the keys of its records. The sink stores them if `table` is given. */
export interface OwnTopic<T = unknown> {
  suffix: string
  record: RecordSchema<T>
  table?: TableTarget<T>
  key: string
  retentionImpact: string
  /** Returns the last instant that a record covers, ms UTC, for deletions. Default: the end of the record's window. */
  lastMs?(record: T): number
}

/**
 * A table that keeps every version of a record, with the columns raw_partition and raw_offset. Its engine may replace a
 * row only by a row of the same answer with a greater transform version. The view that fills it must skip deleted data.
 */
export interface OwnTable {
  name: string
  rows: string
  /** SQL of a row's time, a DateTime in UTC. A deletion removes rows before a time. Absent: rows are never deleted. */
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
  /** Unit of the values. If units differ by key, it is a description, and `unitOf` returns the unit of a key. */
  unit: string
  unitOf?: (key: string) => string
  /** Distances between values, in the order of `fromMs`. Empty if values lie on no grid, as for votes. */
  steps: DeclaredStep[]
  /** The pattern of the keys in words, an example of a key, and the meaning of each label. */
  keys: { pattern: string; example: string; labels: Record<string, string> }
  /** The plausible range of values. A slice with a value outside the range is stored with the flag `implausible`. */
  plausible?: { min: number; max: number }
  /** The meaning of a published null, such as 'no limit'. If undeclared, a row of nulls makes an answer partial. */
  nullMeans?: string
  /**
   * Why the number of keys of a window says nothing about whether it is complete, as where keys exist only while something
   * applies. If undeclared, a window with fewer than half of its usual keys is partial.
   */
  keysVary?: string
  /** Conditions that a good answer satisfies, in words, for the catalogue. */
  expectations: string[]
  /** Contradictions that explode flags. A new or changed check needs a greater transformVersion. */
  checks?: readonly Check[]
  /** What the monitor looks for across answers. It may be changed without a greater transformVersion. */
  acrossAnswers?: readonly AcrossCheck[]
  /** 0 to 4095. Raise it whenever explode changes its result for the same answer. */
  transformVersion: number
  schedule: Schedule
  calendar: Calendar
  asking?: RequestSpec
  files?: FileReading
  /** Own records: suffixes of their topics, the text after FROM in queries, tables for deletions and replays. */
  records?: { topics: string[]; from: string; tables: OwnTable[] }
  /** Pure. Returns the slices and own records of an answer, or the reason why the whole answer is refused. */
  explode: (answer: Answer) => ExplodeResult
  /** Pure. Returns the path to a value in a JSON body: ['data', 17, 'border_AT_BE']. Undefined if there is none. */
  place?: (answer: Answer, key: string, atMs: number) => (string | number)[] | undefined
  /** Parses a key into labels, as { from: 'AT', to: 'BE' }. Returns {} for a key that cannot be parsed. */
  labels: (key: string) => Record<string, string>
  /** The dataset's view in ClickHouse: its name, and its SELECT, which usually reads `latest`. */
  view?: { name: string; select: string }
}

/**
 * A contradiction within one answer, such as a bid above the ask. The values that contradict each other get the flag.
 * A check never changes a value and never refuses an answer.
 */
export interface Check {
  /** Lower-case words with hyphens: bid-above-ask. */
  flag: string
  /** One sentence that says what contradicts what, for the catalogue. */
  text: string
  /** Pure. Calls `mark` for each value that contradicts. A null takes part in no check. */
  find: (columns: Columns, mark: (column: string, row: number) => void, window: Window) => void
}

/** Columns of an answer by name. The values of a row are of one time, one market or one vote. All are equally long. */
export type Columns = ReadonlyMap<string, readonly (number | null)[]>

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
  /** True: with the schedule `auto`, the poller also requests the windows of the last BACKFILL_DAYS days by itself. */
  autoBackfill: boolean
  /** HTTP statuses besides 200 with which an answer is stored as a raw response. */
  meaningfulStatuses: number[]
  /** Limit of an answer, in bytes. A poll with a longer answer fails. A raw record holds at most 7 MiB. */
  maxBodyBytes: number
  /** Selectors that requests have besides the window: symbols or corridors. */
  selectors?: Selectors
  pages?: Pages
  /** Path and query of a request, below the base URL. */
  requestPath: (asked: RequestTarget) => string
  /**
   * Says whether a body is complete, partial, empty or refused. If upstream rejects the request with a message, returns
   * an `upstream-rejected` refusal instead. The poller usually calls it after Kafka has acknowledged the raw record. It
   * calls it earlier if the answer may confirm an empty window. It also calls it on error responses, for the message.
   * The normalizer calls it if explode returned nothing to store. @throws Error if the body cannot be read
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
 * Pages of a window. The poller requests the row count, then page after page. A page has the selector `rows-<skip>`:
 * rows-2000 begins after 2,000 rows. The answer with the row count has no selector. Each becomes a raw record if new.
 */
export interface Pages {
  countPath: (asked: RequestTarget) => string
  take: number
  /** Returns how many rows an answer has, and in `total` the whole window, or null. @throws Error if unreadable */
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
    /** Returns SQL that selects, as `count`, the number of rows with known_at from `fromMs` to `toMs`, inclusive. */
    count: (fromMs: number, toMs: number) => string
  }
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
  /** The window's number of rows. Set for the answer to `Pages.countPath`, which has no rows itself. */
  counted?: number
  /** Counts, by name, of what explode left out without harm, for the metrics: { 'row-at-window-end': 1 }. */
  ignored: Record<string, number>
  /** Counts, by flag, of the flagged rows of own records, for the metrics. The platform counts flagged points itself. */
  flaggedRows?: Record<string, number>
  /** Parts that are refused alone, such as a line of a file. Each part becomes a dead letter. */
  refusedParts?: RefusedPart[]
}

/** `topic` is a suffix. The platform adds dataset, window, knownAt, transformVersion, origin and raw to `fields`. */
export interface OwnRecord {
  topic: string
  key: string
  fields: Record<string, unknown>
}

/** A refused part of an answer. `body` has the form of an answer and contains only this part. */
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
  /** A null: the answer has no value for this time. */
  values: (number | null)[]
  /** Words that are true of the slice: `implausible`, `step-changed`, `unreadable`, the flag of a check, or others. */
  flags: string[]
  upstreamModifiedAtMs?: number
}

export interface Refusal {
  reason: RefusalReason
  /** One sentence that says what is wrong, and where. */
  message: string
}

/** `schema`, `type`, `step`: perhaps our code is wrong. `line`, `other-file`: the file is. Others: upstream is. */
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
