// The interface between tidemark and what it collects. A source is one folder here and one line in index.ts.
// Nothing in platform/ or services/ names a source; sources import nothing but zod and this file.

/** An upstream and all that it publishes. */
export interface Source {
  /** Lower-case name, the prefix of its topics: jao. */
  name: string
  /** Default address, and the environment variable that replaces it (paths stay the same). */
  baseUrl: { default: string; setting: string }
  /** What upstream allows, and what tidemark takes of it. */
  budget: RequestBudget
  /** Days that answers and slices are kept on their topics; for ever unless it says so. docs/operations.md: what that costs. */
  retention?: { rawDays?: number; timeseriesDays?: number }
  datasets: Dataset[]
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

/** One thing a source publishes. */
export interface Dataset {
  /** Full name: jao.core.maxExchanges. */
  name: string
  title: string
  /** Unit of the values. */
  unit: string
  /** 0 to 4095; goes up whenever explode yields something else for the same answer. */
  transformVersion: number
  calendar: PublicationCalendar
  /** Statuses besides 200 whose answers are kept as raw. */
  meaningfulStatuses: number[]
  /** Answers longer than this are failed polls. */
  maxBodyBytes: number
  /** Path and query of the request for a window, below the base URL. */
  requestPath: (window: Window) => string
  /** What a body says of its window. Throws when the body cannot be read. Run after the raw record is acknowledged. */
  look: (body: Uint8Array, window: Window) => Look
  /** Pure: the answer's slices, or why it was refused. A refusal concerns the whole answer. */
  explode: (answer: Answer) => Explosion
  /**
   * Pure: the path to the value of a key at a time inside a JSON body, ['data', 17, 'border_AT_BE']; undefined where the
   * body names none. Absent where bodies are no JSON.
   */
  place?: (answer: Answer, key: string, atMs: number) => (string | number)[] | undefined
  /** What a key says, e.g. { from: 'AT', to: 'BE' }; empty where it cannot be read. */
  labels: (key: string) => Record<string, string>
  /** The friendly view: its name in the database and the SELECT behind it (over latest, and series for labels). */
  view: { name: string; select: string }
}

/** The half-open UTC interval that upstream publishes as one unit. */
export interface Window {
  startMs: number
  endMs: number
}

/** When a window is due. Windows are local days of `zone`. */
export interface PublicationCalendar {
  /** IANA zone of the business day. */
  zone: string
  /** First business day that upstream has, YYYY-MM-DD. */
  firstDay: string
  /** Local time of the day before from which tomorrow is looked for, HH:MM. */
  searchFrom: string
}

/** complete: every step of the window is there. Which keys are there is no part of it. */
export type Look = 'complete' | 'partial' | 'empty' | 'refused'

/** What explode is given of a raw response. */
export interface Answer {
  body: Uint8Array
  status: number
  window: Window
}

export interface Explosion {
  slices: Slice[]
  /** Why the whole answer was refused; slices are then empty. */
  refusal?: Refusal
  /** What was left out without harm, counted by name, for the metrics: { 'row-at-window-end': 1 }. */
  ignored: Record<string, number>
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

/** Reasons an explode may give. schema, type and step point at us; the others at upstream. */
export type RefusalReason =
  | 'not-json'
  | 'schema'
  | 'type'
  | 'step'
  | 'outside-window'
  | 'conflicting-rows'
  | 'upstream-rejected'
  | 'too-many-keys'
