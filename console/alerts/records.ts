// What the API answers about alerts. Instants are ISO 8601 UTC.

export interface AlertRule {
  id: string
  version: number
  /** The condition in words. null: this release cannot read the rule. */
  says: string | null
  owner: string
  changedAt: string
  changedBy: string
  why: string
  rule: RuleText
  /** How the query of the rule is asked now, in words. null: it has none, or nobody says. */
  query: { says: string; everyS: number; waitsS: number; failure: string | null } | null
  /** Of which datasets it cannot judge, the newest first. null: the store does not say. */
  unknown: { dataset: string; onsetAt: string; detail: string | null }[] | null
}

/** A rule as people write it; what the page reads of it. */
export interface RuleText {
  id?: unknown
  title?: unknown
  severity?: unknown
  of?: { dataset?: unknown; key?: unknown; labels?: unknown }
  when?: unknown
  tell?: unknown
}

export interface AlertSilence {
  id: string
  rule: string
  dataset: string
  key: string
  fromAt: string
  untilAt: string
  why: string
  createdBy: string
  /** How many alerts that fire it holds back now. */
  holdsBack: number
}

/** What a rule told. Of an episode that is firing, `ends_at` is the end that was told last. */
export interface AlertEvent {
  id: string
  kind: string
  rule_id: string
  title: string
  severity: string
  dataset: string
  /** Empty: it is about windows of the dataset. */
  key: string
  unit: string
  onset_at: string
  ends_at: string | null
  /** What it follows. null: nothing. */
  firing_id: string | null
  value: number | null
  compared: number | null
  reference: number | null
  detail: string | null
  at: string
}

/** One of them, in words, and to whom it was told. */
export interface ExplainedEvent {
  id: string
  says: string
  knownAt: string
  ruleVersion: number
  deliveries: { endpoint: string; state: string; attempts: number; endedAt: string | null; detail: string | null }[]
}

/** What a rule would have told in the past, in the order in which it became known. */
export interface Tested {
  from: string
  to: string
  asKnown: boolean
  says: string
  series: number
  points: number
  /** For how many of them a condition was undefined. */
  undefinedPoints: number
  /** How often the query of the rule was asked: series are keys, points are rows. null: it has none. */
  runs: number | null
  /** How many episodes began. */
  begun: number
  /** Whether only the newest transitions are here. */
  isCut: boolean
  transitions: TestedTransition[]
}

export interface TestedTransition {
  id: string
  kind: string
  dataset: string
  key: string
  onsetAt: string
  endsAt: string | null
  firingId: string | null
  value: number | null
  compared: number | null
}
