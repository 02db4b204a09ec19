// The interface between tidemark and its sources. A source is one folder here and one line in index.ts. platform/ and
// services/ name no source; a source imports only zod, this file and record types.
import type { RecordSchema, TableTarget } from '#schemas/record-schema.ts'
import type { Calendar } from './calendar.ts'

/** An upstream and all its datasets. Its topics begin with its name, so that another team can own them. */
export interface Source {
  /** Lower-case prefix of the source's topics: jao. */
  name: string
  title: string
  owner: string
  licence: { terms: string; link: string }
  upstream?: Upstream
  /** Days that answers and slices stay on their topics. Default: forever. docs/operations.md explains the cost. */
  retention?: { rawDays?: number; timeseriesDays?: number }
  datasets: Dataset[]
  topics?: OwnTopic[]
  /** In order. Provisioning runs them after the platform's migrations, possibly twice. */
  statements?: StoreStatement[]
}

export interface Upstream {
  /** The address, and the environment variable that replaces it. Paths stay the same. */
  baseUrl: { default: string; setting: string }
  budget: RequestBudget
  /** A request header with a secret. Without it nothing is requested. It is never printed, logged or stored. */
  credential?: { header: string; setting: string; obtainFrom: string }
}

export interface RequestBudget {
  perMinute: number
  /** Token bucket: its size, and the tokens added per minute. Their sum must stay below perMinute. */
  burst: number
  refillPerMinute: number
  maxInFlight: number
}

/** A topic `<source>.<suffix>`. `key` describes its key. The sink stores the records if there is a `table`. */
export interface OwnTopic<T = unknown> {
  suffix: string
  record: RecordSchema<T>
  table?: TableTarget<T>
  key: string
  retentionImpact: string
  /** The last instant that a record covers, ms UTC. A deletion compares it. Default: that of the record's window. */
  lastMs?(record: T): number
}

/**
 * A table with columns raw_partition and raw_offset that keeps every version of a record. Its engine may replace only
 * rows of the same answer, by the newest transform version. The view that fills it must skip deleted data.
 */
export interface OwnTable {
  name: string
  rows: string
  /** SQL of a DateTime in UTC. A deletion removes rows before its bound. Absent: rows are never deleted. */
  time?: string
  windowStart: string
  transformVersion: string
}

/** An idempotent statement: CREATE ... IF NOT EXISTS, CREATE OR REPLACE VIEW, or ALTER. `name` is for messages. */
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
  /** `recorded` if an answer was recorded, `documented` if only documentation is known. */
  shape: 'recorded' | 'documented'
  /** Unit of the values. `unitOf` returns it per key. */
  unit: string
  unitOf?: (key: string) => string
  /** Distances between values, oldest first. Empty for events. */
  steps: DeclaredStep[]
  /** A pattern of the keys for people, an example, and the meaning of each label. */
  keys: { pattern: string; example: string; labels: Record<string, string> }
  /** Values outside are stored with the flag `implausible`. */
  plausible?: { min: number; max: number }
  /** What a null means if it is an answer: 'no limit'. Otherwise a window of nulls is partial. */
  nullMeans?: string
  /** What a good answer satisfies, in words. A flag or a refusal reports a violation. */
  expectations: string[]
  /** 0 to 4095. Raise it whenever explode changes its result for the same answer. */
  transformVersion: number
  calendar: Calendar
  asking?: RequestSpec
  files?: FileReading
  /** Topic suffixes, the text that readers put after FROM, and the tables for deletions and replays. */
  records?: { topics: string[]; from: string; tables: OwnTable[] }
  /** Pure. Returns the answer's slices, or why the whole answer is refused. */
  explode: (answer: Answer) => ExplodeResult
  /** Pure. Returns the path to a value in a JSON body, ['data', 17, 'border_AT_BE'], or undefined. */
  place?: (answer: Answer, key: string, atMs: number) => (string | number)[] | undefined
  /** Parses a key, e.g. { from: 'AT', to: 'BE' }. Returns {} if it cannot. */
  labels: (key: string) => Record<string, string>
  /** The dataset's view: its name, and a SELECT over `latest`, and `series` for labels. */
  view?: { name: string; select: string }
}

/** From `fromMs` on, values are `stepS` seconds apart. */
export interface DeclaredStep {
  fromMs: number
  stepS: number
}

export interface RequestSpec {
  /** The poller requests new windows (`live`) and the past month by itself. Other windows need `backfill`. */
  live: boolean
  pastMonth: boolean
  /** Statuses besides 200 whose answers are stored as raw. */
  meaningfulStatuses: number[]
  /** A longer answer is a failed poll. A raw record holds at most 7 MiB. */
  maxBodyBytes: number
  /** Selectors besides the window: symbols, corridors. */
  subjects?: Subjects
  pages?: Pages
  /** Path and query of a request, below the base URL. */
  requestPath: (asked: RequestTarget) => string
  /**
   * Assesses a body. If upstream rejects the request, returns 'refused', or an `upstream-rejected` refusal with its
   * message. Runs after the raw record is acknowledged, or before, if the answer may confirm an empty window. Also runs
   * on bodies of other statuses, for upstream's message.
   * @throws Error if the body cannot be read
   */
  assess: (body: Uint8Array, asked: RequestTarget) => Coverage | Refusal
}

export interface RequestTarget {
  window: Window
  /** One of the dataset's selectors, or several joined by commas; null if it has none. */
  subject: string | null
}

export interface Subjects {
  setting: string
  default: string[]
  /** A valid selector; others in the setting are reported. */
  pattern: RegExp
  perRequest: number
}

/**
 * The poller requests the row count, then page after page. Each page is a raw record with the selector `rows-<skip>`.
 * The answer to the count has no selector; it becomes a raw record if the count changed.
 */
export interface Pages {
  countPath: (asked: RequestTarget) => string
  take: number
  /** The rows of an answer, and the window's total if it says so. @throws Error if the body cannot be read */
  rowsIn: (body: Uint8Array) => { rows: number; total: number | null }
}

/** How files become raw records: whole, or in chunks of whole lines. Only a line longer than a chunk is split. */
export type FileReading = (
  | { by: 'file'; maxBytes: number }
  | { by: 'lines'; chunkBytes: number; chunkLines: number; maxLineBytes: number }
) & {
  /** What the summary of an ingest counts. Default: points. */
  stored?: {
    noun: string
    /** A SELECT of one row with the column `count`: what became known between two instants in ms, inclusive. */
    count: (fromMs: number, toMs: number) => string
  }
}

/** The half-open UTC interval that upstream publishes as one unit. */
export interface Window {
  startMs: number
  endMs: number
}

/**
 * `complete`: every step has a value of some key, or a row if a null is an answer. `partial` windows are polled again.
 */
export type Coverage = 'complete' | 'partial' | 'empty' | 'refused'

export interface Answer {
  body: Uint8Array
  status: number
  window: Window
  /** The requested selector; null or absent if the dataset has none. */
  subject?: string | null
  url?: string
  /** Stored headers, names in lower case. A chunk of a file has its position: first-line, starts-within-line. */
  headers?: Record<string, string>
}

export interface ExplodeResult {
  slices: Slice[]
  records?: OwnRecord[]
  /** Why the whole answer is refused; `slices` is then empty. */
  refusal?: Refusal
  /** The row count, if the answer only counts the rows of a paged window. */
  counted?: number
  /** Harmless omissions counted by name, for the metrics: { 'row-at-window-end': 1 }. */
  ignored: Record<string, number>
  /** Parts that are refused alone, such as lines of a file. Each becomes a dead letter. */
  refusedParts?: RefusedPart[]
}

/** The platform adds dataset, windowStart, windowEnd, knownAt, transformVersion, origin and raw to `fields`. */
export interface OwnRecord {
  topic: string
  key: string
  fields: Record<string, unknown>
}

/** A refused part of an answer. `body` is a valid answer by itself. */
export interface RefusedPart {
  refusal: Refusal
  body: Uint8Array
  /** Replace the answer's headers, with the position of the part. */
  headers?: Record<string, string>
}

/** Values of one key: values[i] is at startMs + i * stepS * 1000. */
export interface Slice {
  key: string
  startMs: number
  stepS: number
  /** null: published without a value. */
  values: (number | null)[]
  flags: string[]
  upstreamModifiedAtMs?: number
}

export interface Refusal {
  reason: RefusalReason
  /** One sentence: what is wrong, and where. */
  message: string
}

/** schema, type and step may be faults of this code; line and other-file of a file; the others of upstream. */
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
