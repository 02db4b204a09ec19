// Made by `npm run generate` from schemas/*/v*.avsc. Do not edit.

/** The record types by name. */
export interface Records {
  RawResponse: RawResponse
  TimeseriesSlice: TimeseriesSlice
  AcceptedAnswer: AcceptedAnswer
  Series: Series
  Poll: Poll
  PollRequest: PollRequest
  PollerMemory: PollerMemory
  Replay: Replay
  Deletion: Deletion
  Parking: Parking
  FlowConstraint: FlowConstraint
  VoteBatch: VoteBatch
}

export type RecordName = keyof Records

/** One answer of an upstream, byte for byte, and how it was got. Topic <source>.raw, keyed by request identity. */
export interface RawResponse {
  /** What was asked for, e.g. jao.core.maxExchanges */
  dataset: string
  /** What is asked again and again: dataset and window (or symbols); the record's key */
  requestIdentity: string
  /** Start of the window, included, UTC */
  windowStart: number
  /** End of the window, excluded, UTC */
  windowEnd: number
  /** The full URL that was asked */
  url: string
  /** HTTP status */
  status: number
  /** Chosen response headers, names in lower case */
  headers: Record<string, string>
  /** The answer's content, exactly as it came (after content decoding) */
  body: Buffer
  /** SHA-256 of body, lower-case hex */
  contentHash: string
  /** When the request was sent */
  sentAt: number
  /** When the answer's last byte arrived: the known_at of everything in it. Grows by at least 1 ms from answer to answer of one request identity */
  fetchedAt: number
  /** Where the answer came from: live, simulated or file */
  origin: string
  /** An answer without rows that confirms an earlier one at least 10 minutes before: the window was emptied. Without it an answer that yields nothing is not accepted */
  confirms: boolean
}

/** A run of values of one series on a regular UTC grid, as one answer told it. Topic <source>.timeseries, keyed by dataset and key. The value at start + i * step is values[i]. */
export interface TimeseriesSlice {
  /** What the source publishes, e.g. jao.core.maxExchanges */
  dataset: string
  /** The series inside the dataset, exactly as upstream spells it */
  key: string
  /** Start of the window that was asked for, included, UTC */
  windowStart: number
  /** End of the window, excluded, UTC */
  windowEnd: number
  /** Time of the first value, UTC */
  start: number
  /** Seconds from one value to the next */
  step: number
  /** In the series' unit; null: the window was published and upstream gave no value here */
  values: (null | number)[]
  /** When the answer's last byte arrived */
  knownAt: number
  /** Upstream's own last-modified time, where it gives one */
  upstreamModifiedAt: null | number
  /** Number of the dataset's explode, 0 to 4095 */
  transformVersion: number
  /** Unit of the values, e.g. MW */
  unit: string
  /** Quality flags, e.g. step-changed, implausible */
  flags: (string)[]
  /** live, simulated or file */
  origin: string
  /** Where the answer lies in <source>.raw */
  raw: RawPosition
  /** The request identity of the answer as a number: the first 53 bits of its SHA-256. AcceptedAnswer carries the same. 0: written before there was one */
  identity: number
}

export interface RawPosition {
  partition: number
  offset: number
}

/** One answer that explode accepted: the window of its request identity says from knownAt on what this answer says, and nothing else. Topic <source>.answers, keyed by request identity, written after the answer's slices and records are acknowledged. */
export interface AcceptedAnswer {
  dataset: string
  requestIdentity: string
  /** The request identity as a number: the first 53 bits of its SHA-256. Slices carry the same */
  identity: number
  /** What was asked for beside the window: symbols, a corridor, a page; null: nothing */
  selector: null | string
  /** Start of the window, included, UTC */
  windowStart: number
  /** End of the window, excluded, UTC */
  windowEnd: number
  /** When the answer's last byte arrived */
  knownAt: number
  /** Number of the dataset's explode, 0 to 4095 */
  transformVersion: number
  /** How many points the answer names, nulls included, and records of the source's own */
  points: number
  /** How many different keys the answer names */
  keys: number
  /** SHA-256 of the answer's body, lower-case hex */
  contentHash: string
  /** Whether the answer replaces the earlier answers of its request identity. False for ticks, files and parts that are sent again: they add to what is known and withdraw nothing */
  replaces: boolean
  /** Where the answer lies in <source>.raw */
  raw: RawPosition
}

export interface RawPosition {
  partition: number
  offset: number
}

/** What a key means. Topic <source>.series, compacted, keyed by dataset and key. */
export interface Series {
  dataset: string
  /** Exactly as upstream spells it */
  key: string
  /** What the key says, e.g. from and to; empty where it cannot be read */
  labels: Record<string, string>
  unit: string
  /** Seconds from one value to the next, as last seen */
  step: number
  transformVersion: number
  /** The newest wins */
  emittedAt: number
}

/** One poll, whatever came of it: the log and the heartbeat. Topic polls, keyed by request identity, partitioned by host. */
export interface Poll {
  requestIdentity: string
  dataset: string
  /** Upstream host and port: the budget's owner, and what the topic is partitioned by */
  host: string
  windowStart: number
  windowEnd: number
  /** live, requested or background */
  lane: string
  sentAt: number
  /** When the last byte, or the failure, arrived */
  fetchedAt: number
  /** changed, unchanged, empty, emptied, refused, unreadable or failed */
  outcome: string
  /** HTTP status; null when no answer came */
  status: null | number
  durationMs: number
  /** Length of the body */
  bytes: number
  /** SHA-256 of the body, hex */
  contentHash: null | string
  /** Why it failed or was refused */
  error: null | string
  /** The first kilobyte of a failed poll's answer */
  errorBody: null | string
  /** Where the answer went in <source>.raw; null when nothing was written */
  rawPartition: null | number
  rawOffset: null | number
  /** Which poller did it */
  poller: string
  /** live, simulated or file */
  origin: string
  /** The offset of poll-requests, in the partition of the host, that the poller had yet to read when it sent the request: the poll answers the requests before it. Null: not stated */
  requestsReadTo: null | number
  /** Until when the host is left alone since this answer; null when the answer asked for no pause */
  pausedUntil: null | number
  /** What asked for the pause: 429, Retry-After 7200 */
  pauseReason: null | string
  /** All that is known of the request identity, carried forward also after a failure. What counts for pollers is the newest on topic poller-memory */
  memory: PollMemory
}

export interface PollMemory {
  /** known_at of the newest good answer, changed or not; the memory of an identity is the record with the greatest */
  lastGoodFetchedAt: null | number
  /** Content hash of that answer */
  lastGoodHash: null | string
  etag: null | string
  lastModified: null | string
  /** known_at of the newest answer that went to raw */
  lastChangedAt: null | number
  /** What look() said of the newest answer that it could read: complete, partial, empty or refused */
  completeness: null | string
  /** Whether any answer of this identity ever had rows */
  hadRows: boolean
  /** Failed polls since the last good one */
  failures: number
  /** known_at of the first of the empty answers that followed rows; null when the newest answer has rows, or none ever had */
  emptySince: null | number
  /** Whether an answer in raw confirms that the window was emptied: nothing of it is left to withdraw */
  emptyConfirmed: boolean
  /** How many rows the newest count said, where rows come in pages; null elsewhere */
  countedRows: null | number
}

/** Somebody asks for a window to be polled. Topic poll-requests, keyed by request identity, partitioned by host like polls, kept a day. Done when polls shows the identity polled since requestedAt. */
export interface PollRequest {
  requestIdentity: string
  dataset: string
  windowStart: number
  windowEnd: number
  requestedAt: number
  /** Who or what asked, for the log */
  requestedBy: string
  /** The host whose pause ends with this record; then it asks for no window. Null: it asks for a window */
  liftsPauseOf: null | string
  /** An operator says that an empty answer is the truth: it is kept as one that confirms, which withdraws every value of the window */
  confirmsEmpty: boolean
}

/** What the poller remembers: one record an identity, one a host that asked for a pause, and one that says that the polls of an earlier release are carried over. Exactly one of the three fields is not null. Topic poller-memory, partitioned by host, compacted. */
export interface PollerMemory {
  identity: null | IdentityMemory
  host: null | HostMemory
  carriedOver: null | CarriedOver
}

/** All that is known of a request identity */
export interface IdentityMemory {
  /** The newest poll of the identity: the value of its record on topic polls */
  poll: Buffer
  /** When the identity was last polled, whatever came of it */
  polledAt: number
  /** Where the newest answer lies in <source>.raw; null when there is none */
  rawPartition: null | number
  rawOffset: null | number
  /** The requests before this offset of poll-requests, in the partition of the host, are answered */
  answeredTo: number
  failedRequests: (RequestFailure)[]
  /** Whether topic polls held the poll before this record was written */
  inLog: boolean
}

/** A failed poll since requests were answered */
export interface RequestFailure {
  sentAt: number
  /** It would have answered the requests before this offset */
  readTo: number
}

/** The pauses that a host asked for */
export interface HostMemory {
  host: string
  pauses: (HostPause)[]
}

export interface HostPause {
  /** When it ends, by the poller's clock */
  until: number
  /** From sending the request to the end of the pause */
  lengthMs: number
  /** What asked for it: 429, Retry-After 7200 */
  reason: string
  /** How often the host asked for a pause in a row, this time included */
  attempts: number
  /** When Kafka took it first, by the broker's clock; null: with this record */
  recordedAt: null | number
}

/** The memory holds all that topic polls says of the time before */
export interface CarriedOver {
  at: number
  /** Records of topic polls that were read */
  polls: number
  /** Identities that were written */
  identities: number
}

/** History done again: a replay of a dataset or a rebuild of the store, one record a change of its state. Topic replays, keyed by id; the newest record of an id counts. */
export interface Replay {
  /** Also the value of the header replay of every record that it writes */
  id: string
  /** replay or rebuild */
  kind: string
  /** What is done again; * for all */
  dataset: string
  /** Windows that start here or later, UTC; null: from the first */
  windowFrom: null | number
  /** Windows that start before, UTC; null: to the last */
  windowTo: null | number
  /** started, told (all of it is in the store), finished or failed */
  state: string
  who: string
  why: string
  startedAt: number
  /** When this state began */
  at: number
  /** Greatest transform version in the store before, of all datasets that were done; 0 where there was none */
  fromVersion: number
  /** Transform version of the code that ran; the greatest where several datasets were done */
  toVersion: number
  /** The raw records that were read */
  spans: (RawSpan)[]
  /** answers, refused, slices, points, erased, kept, ... */
  counts: Record<string, number>
  /** One sentence on the outcome; empty while it runs */
  message: string
}

export interface RawSpan {
  topic: string
  partition: number
  /** First offset, included */
  from: number
  /** Last offset, excluded */
  to: number
}

/** All points of a dataset before an instant were deleted for good: nothing before it is stored again. Topic deletions, keyed by dataset, kept for ever. */
export interface Deletion {
  dataset: string
  /** Points whose ts is before this instant, UTC, are gone */
  before: number
  /** When it was asked for */
  at: number
  /** Who asked for it: user and host */
  by: string
  /** The reason that was given; may be empty */
  why: string
}

/** Whether a dataset is parked: its raw records become dead letters unread. Topic parking, compacted, keyed by dataset; the newest counts. */
export interface Parking {
  dataset: string
  parked: boolean
  /** Reason of the refusal that went past the limit, or released */
  reason: string
  /** One sentence: what went past the limit, or why it was released */
  message: string
  /** Which service or who */
  by: string
  at: number
}

/** One constraint of a flow-based domain in one hour, as one page of an answer told it. Topic <source>.constraints, keyed by dataset, hour and row. Columns of upstream's that come and go stand in maps by their names. */
export interface FlowConstraint {
  /** What the source publishes, e.g. jao.core.finalComputation */
  dataset: string
  /** Start of the hour that was asked for, included, UTC */
  windowStart: number
  /** End of the hour, excluded, UTC */
  windowEnd: number
  /** Which page told it: how many rows stand before the page */
  skip: number
  /** Its place among all rows of the hour, from 0 */
  row: number
  /** How many rows the hour has altogether, as the page says */
  totalRows: number
  /** Start of delivery, UTC */
  start: number
  /** The operator of the element */
  tso: null | string
  /** Name of the critical network element */
  cneName: null | string
  /** Its energy identification code */
  cneEic: null | string
  /** DIRECT or OPPOSITE */
  direction: null | string
  /** Name of the contingency; none in the base case */
  contName: null | string
  /** Whether it can bind at all (Nordic: nonRedundant) */
  presolved: null | boolean
  /** Remaining available margin, MW */
  ram: null | number
  /** Power transfer distribution factors by hub */
  ptdf: Record<string, number>
  /** All other numbers by upstream's names: fmax, frm, fref, ... */
  numbers: Record<string, number>
  /** All other texts by upstream's names; true and false as texts */
  texts: Record<string, string>
  /** The elements that are out in the contingency, all as texts */
  contingencies: (Record<string, string>)[]
  /** Upstream's own last-modified time, where it gives one */
  upstreamModifiedAt: null | number
  /** When the page's last byte arrived */
  knownAt: number
  /** Number of the dataset's explode, 0 to 4095 */
  transformVersion: number
  /** live, simulated or file */
  origin: string
  /** Where the page lies in <source>.raw */
  raw: RawPosition
}

export interface RawPosition {
  partition: number
  offset: number
}

/** The votes of one chunk of a vote file, by column: ids[i], postIds[i], ... are one vote. No id stands twice in a batch. Topic votes.batches, keyed by file. */
export interface VoteBatch {
  dataset: string
  /** The second in which the chunk was read, included, UTC */
  windowStart: number
  /** The same, excluded */
  windowEnd: number
  /** When the chunk was read; grows from chunk to chunk of a file */
  knownAt: number
  /** Number of the dataset's explode, 0 to 4095 */
  transformVersion: number
  /** live, simulated or file */
  origin: string
  /** Where the chunk lies in votes.raw */
  raw: VoteChunkPosition
  /** URL of the file that the chunk came from */
  file: string
  /** Line of the file that the chunk begins with, from 1 */
  firstLine: number
  /** Lines of the chunk, blank ones too */
  lines: number
  blankLines: number
  /** Lines that went to the dead letters */
  refusedLines: number
  /** Votes whose Id a later line of the chunk names again: they are left out */
  repeatedIds: number
  ids: (number)[]
  postIds: (null | number)[]
  voteTypeIds: (null | number)[]
  /** Milliseconds since 1970, UTC */
  creationDates: (number)[]
  userIds: (null | number)[]
  bountyAmounts: (null | number)[]
}

export interface VoteChunkPosition {
  partition: number
  offset: number
}
