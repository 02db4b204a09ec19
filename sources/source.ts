// The interface between tidemark and what it collects. A source is one folder here and one line in index.ts.
// Nothing in platform/ or services/ names a source; sources import nothing but zod, this file and record types.
import type { RecordSchema, TableTarget } from '#schemas/record-schema.ts'
import type { Calendar } from './calendar.ts'

/** An upstream and all that it publishes. Its topics carry its name: it can belong to a team, with rights of its own. */
export interface Source {
  /** Lower-case name, the prefix of its topics: jao. */
  name: string
  title: string
  /** Who answers for this source's declaration: a team or a person of the installation. */
  owner: string
  /** What upstream says of the use of its data, and where. */
  licence: { terms: string; link: string }
  /** Where its datasets are asked for; absent where they come in files only. */
  upstream?: Upstream
  /** Days that answers and slices are kept on their topics; for ever unless it says so. docs/operations.md: what that costs. */
  retention?: { rawDays?: number; timeseriesDays?: number }
  datasets: Dataset[]
  /** Topics of its own, for what explode yields besides slices. */
  topics?: OwnTopic[]
  /** Tables and views of its own, in order. Each may run twice; provisioning runs them after the platform's migrations. */
  statements?: StoreStatement[]
}

/** Where a source is asked, what it takes and what it allows. */
export interface Upstream {
  /** Default address, and the environment variable that replaces it (paths stay the same). */
  baseUrl: { default: string; setting: string }
  /** What upstream allows, and what tidemark takes of it. */
  budget: RequestBudget
  /**
   * A request header that holds a secret, and the environment variable it comes from. Without it nothing is asked. Its
   * value is never printed, logged or stored.
   */
  credential?: { header: string; setting: string; obtainFrom: string }
}

/** A host's request budget. No sliding minute ever sees more than `perMinute` requests. */
export interface RequestBudget {
  /** Upstream's limit: requests in any sliding minute. */
  perMinute: number
  /** Token bucket: at most this many at once after a rest, and this many more a minute; the sum stays below perMinute. */
  burst: number
  refillPerMinute: number
  maxInFlight: number
}

/** A topic `<source>.<suffix>` of one record type, keyed as `key` says. The sink stores its records where it has a table. */
export interface OwnTopic<T = unknown> {
  suffix: string
  record: RecordSchema<T>
  table?: TableTarget<T>
  key: string
  retentionImpact: string
  /** The last instant that a record speaks of, ms UTC, where that is not its window's. A deletion goes by it. */
  lastMs?(record: T): number
}

/**
 * A table of records of a source's own. It has the columns raw_partition and raw_offset, and it keeps every reading of a
 * record: its engine replaces rows of one answer alone, by the newest transform's. What fills it keeps out what was deleted.
 */
export interface OwnTable {
  /** With its database. */
  name: string
  /** SQL: which rows are the dataset's. */
  rows: string
  /** SQL of a DateTime, UTC: rows before the bound of a deletion are deleted. Absent: the rows stay, as polls do. */
  time?: string
  /** SQL of the start of the window that the row's answer is of. */
  windowStart: string
  transformVersion: string
}

/** An idempotent statement: CREATE ... IF NOT EXISTS, CREATE OR REPLACE VIEW, or an ALTER that changes nothing twice. `name` is for the messages. */
export interface StoreStatement {
  name: string
  sql: string
}

/** One thing a source publishes: all that a catalogue, a poller and a normalizer must know of it. */
export interface Dataset {
  /** Full name: jao.core.maxExchanges. */
  name: string
  title: string
  /** What it is and what it is good for, a few sentences. */
  description: string
  /** Upstream's page on it. */
  page: string
  /** Whether an answer of this shape was ever recorded, or is only known from documents. */
  shape: 'recorded' | 'documented'
  /** Unit of the values; where keys differ, `unitOf` says it of each. */
  unit: string
  unitOf?: (key: string) => string
  /** How far apart values stand, and since when, oldest first. */
  steps: DeclaredStep[]
  /** Columns or fields that are series, as a pattern for people, with an example and what labels say. */
  keys: { pattern: string; example: string; labels: Record<string, string> }
  /** Values outside are stored with the flag `implausible`. */
  plausible?: { min: number; max: number }
  /**
   * What a null says where it is an answer: 'no limit'. Elsewhere a null is a value that is not there (yet), so that assess
   * calls a window of nulls partial.
   */
  nullMeans?: string
  /** What holds of a good answer, in words; where it does not, a flag or a refusal says so. */
  expectations: string[]
  /** 0 to 4095; goes up whenever explode yields something else for the same answer. */
  transformVersion: number
  calendar: Calendar
  /** How it is asked for; absent where it comes in files only. */
  asking?: RequestSpec
  /** How files become raw responses; absent where no files are read. */
  files?: FileReading
  /**
   * Records of its own: the suffixes of the topics that they go to, where readers find them, as what follows FROM, and the
   * tables that hold all that was ever known of them, which deletions and replays work on as on points.
   */
  records?: { topics: string[]; from: string; tables: OwnTable[] }
  /** Pure: the answer's slices, or why it was refused. A refusal concerns the whole answer. */
  explode: (answer: Answer) => ExplodeResult
  /**
   * Pure: the path to the value of a key at a time inside a JSON body, ['data', 17, 'border_AT_BE']; undefined where the
   * body names none. Absent where bodies are no JSON.
   */
  place?: (answer: Answer, key: string, atMs: number) => (string | number)[] | undefined
  /** What a key says, e.g. { from: 'AT', to: 'BE' }; empty where it cannot be read. */
  labels: (key: string) => Record<string, string>
  /** The friendly view: its name in the database and the SELECT behind it (over latest, and series for labels). */
  view?: { name: string; select: string }
}

/** From `fromMs` on, values stand `stepS` seconds apart. */
export interface DeclaredStep {
  fromMs: number
  stepS: number
}

/** How a dataset is asked for. */
export interface RequestSpec {
  /** Whether new windows are looked for unasked, and whether the past month is fetched unasked. The rest is `backfill`'s. */
  live: boolean
  pastMonth: boolean
  /** Statuses besides 200 whose answers are kept as raw. */
  meaningfulStatuses: number[]
  /** Answers longer than this are failed polls. A raw record holds 7 MiB at most. */
  maxBodyBytes: number
  /** What is asked for apart, beside the window: symbols, corridors. Absent: the window alone. */
  subjects?: Subjects
  /** For answers that come in pages. */
  pages?: Pages
  /** Path and query of a request, below the base URL. */
  requestPath: (asked: RequestTarget) => string
  /**
   * What a body says of what was asked; where upstream says no, the refusal `upstream-rejected` with what it says, or the
   * word alone. Throws when the body cannot be read. Run after the raw record is acknowledged (before, where an answer may
   * confirm an empty window), and on the body of a status that is not meaningful, for upstream's words alone.
   */
  assess: (body: Uint8Array, asked: RequestTarget) => Coverage | Refusal
}

export interface RequestTarget {
  window: Window
  /** One of the dataset's subjects, or several joined by a comma; null where it has none. */
  subject: string | null
}

/** Subjects come from the environment variable `setting`, comma separated. */
export interface Subjects {
  setting: string
  default: string[]
  /** What one is like, for a setting that holds something else. */
  pattern: RegExp
  /** At most so many in one request. */
  perRequest: number
}

/**
 * A window whose rows come in pages: first the count is asked for, then page after page. Each page is a raw response of
 * its own, of the subject `rows-<skip>`; requestPath and assess are of one page. The answer to the count, without a subject, is
 * a raw response when its number changed: explode says how many rows it counts.
 */
export interface Pages {
  /** Path and query of the request for the count alone. */
  countPath: (asked: RequestTarget) => string
  /** Rows a page. */
  take: number
  /**
   * Rows of an answer, and how many the window has as it says, null where it does not: the answer to countPath must, and
   * a page must have the rows that were counted. Throws when it cannot be read.
   */
  rowsIn: (body: Uint8Array) => { rows: number; total: number | null }
}

/**
 * Files as raw responses: each file as a whole, or its lines in chunks of at most so many bytes and lines. A chunk ends
 * with a line, unless that is longer than a chunk.
 */
export type FileReading = (
  | { by: 'file'; maxBytes: number }
  | { by: 'lines'; chunkBytes: number; chunkLines: number; maxLineBytes: number }
) & {
  /** What a reading has put into the store, for its summary; points unless it says so. */
  stored?: {
    /** What is counted: votes. */
    noun: string
    /** The SELECT of one row, `count`, of what became known from one ms to another, both included. */
    count: (fromMs: number, toMs: number) => string
  }
}

/** The half-open UTC interval that upstream publishes as one unit. */
export interface Window {
  startMs: number
  endMs: number
}

/**
 * complete: every step of the window has a value of some key; which keys those are is no part of it. partial: it has not,
 * so it is asked for again. Where a null is an answer (`nullMeans`) a step of nulls counts, too.
 */
export type Coverage = 'complete' | 'partial' | 'empty' | 'refused'

/** What explode is given of a raw response. */
export interface Answer {
  body: Uint8Array
  status: number
  window: Window
  /** As it was asked; null or absent where the dataset has none. */
  subject?: string | null
  /** Where it came from: the URL that was asked, or that of a file. */
  url?: string
  /** Kept headers, names in lower case; of a chunk of a file where it stood: first-line, starts-within-line. */
  headers?: Record<string, string>
}

export interface ExplodeResult {
  slices: Slice[]
  /** Records of the source's own topics, besides or instead of slices. */
  records?: OwnRecord[]
  /** Why the whole answer was refused; slices are then empty. */
  refusal?: Refusal
  /** Of an answer that only counts the rows of its window, which come in pages: how many it counts. */
  counted?: number
  /** What was left out without harm, counted by name, for the metrics: { 'row-at-window-end': 1 }. */
  ignored: Record<string, number>
  /** Parts of the answer that were refused alone, lines of a file: each becomes a dead letter of its own. */
  refusedParts?: RefusedPart[]
}

/**
 * A record of an own topic. What every such record type has is filled in: dataset, windowStart, windowEnd, knownAt,
 * transformVersion, origin and raw { partition, offset }, as in a slice.
 */
export interface OwnRecord {
  /** Suffix of the topic. */
  topic: string
  key: string
  fields: Record<string, unknown>
}

/** A part of an answer that was refused, with what is to be kept of it: bytes that make an answer of their own. */
export interface RefusedPart {
  refusal: Refusal
  body: Uint8Array
  /** Replace those of the whole: where the part stood. */
  headers?: Record<string, string>
}

/** A run of values of one key: values[i] stands at startMs + i * stepS * 1000. */
export interface Slice {
  key: string
  startMs: number
  stepS: number
  /** null: published, but no value here. */
  values: (number | null)[]
  flags: string[]
  upstreamModifiedAtMs?: number
}

/** Why an answer went to the dead letters. */
export interface Refusal {
  reason: RefusalReason
  /** One sentence: what, where. */
  message: string
}

/** Reasons an explode may give. schema, type and step point at us; line and other-file at a file; the others at upstream. */
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
