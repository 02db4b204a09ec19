// Made by `npm run generate` from schemas/*/v*.avsc. Do not edit.
import type { RecordSchema } from '../record-schema.ts'

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

export const acceptedAnswerSchema: RecordSchema<AcceptedAnswer> = {
  name: 'AcceptedAnswer',
  file: 'schemas/accepted-answer/v1.avsc',
  text: "{\"type\":\"record\",\"name\":\"AcceptedAnswer\",\"namespace\":\"tidemark\",\"doc\":\"One answer that explode accepted: the window of its request identity says from knownAt on what this answer says, and nothing else. Topic <source>.answers, keyed by request identity, written after the answer's slices and records are acknowledged.\",\"fields\":[{\"name\":\"dataset\",\"type\":\"string\"},{\"name\":\"requestIdentity\",\"type\":\"string\"},{\"name\":\"identity\",\"type\":\"long\",\"doc\":\"The request identity as a number: the first 53 bits of its SHA-256. Slices carry the same\"},{\"name\":\"selector\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"What was asked for beside the window: symbols, a corridor, a page; null: nothing\"},{\"name\":\"windowStart\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Start of the window, included, UTC\"},{\"name\":\"windowEnd\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"End of the window, excluded, UTC\"},{\"name\":\"knownAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When the answer's last byte arrived\"},{\"name\":\"transformVersion\",\"type\":\"int\",\"doc\":\"Number of the dataset's explode, 0 to 4095\"},{\"name\":\"points\",\"type\":\"int\",\"doc\":\"How many points the answer names, nulls included, and records of the source's own\"},{\"name\":\"keys\",\"type\":\"int\",\"doc\":\"How many different keys the answer names\"},{\"name\":\"contentHash\",\"type\":\"string\",\"doc\":\"SHA-256 of the answer's body, lower-case hex\"},{\"name\":\"replaces\",\"type\":\"boolean\",\"doc\":\"Whether the answer replaces the earlier answers of its request identity. False for ticks, files and parts that are sent again: they add to what is known and withdraw nothing\"},{\"name\":\"raw\",\"type\":{\"type\":\"record\",\"name\":\"RawPosition\",\"fields\":[{\"name\":\"partition\",\"type\":\"int\"},{\"name\":\"offset\",\"type\":\"long\"}]},\"doc\":\"Where the answer lies in <source>.raw\"}]}",
}

/** A message to an endpoint, and what became of it. Topic tidemark.alerts.deliveries, compacted, keyed by endpoint and id. */
export interface AlertDelivery {
  /** The id of the message: that of its first transition */
  id: string
  endpoint: string
  /** What is told together: a rule, or what a source does not deliver */
  group: string
  /** The transitions that the message tells, oldest first */
  eventIds: (string)[]
  /** The message as JSON */
  body: string
  /** open, sent, silenced, failed or given-up */
  state: string
  attempts: number
  createdAt: number
  /** When it is sent, or sent again */
  dueAt: number
  /** When it was sent, silenced or given up */
  endedAt: null | number
  /** The last failure, or the silence */
  detail: null | string
}

export const alertDeliverySchema: RecordSchema<AlertDelivery> = {
  name: 'AlertDelivery',
  file: 'schemas/alert-delivery/v1.avsc',
  text: "{\"type\":\"record\",\"name\":\"AlertDelivery\",\"namespace\":\"tidemark\",\"doc\":\"A message to an endpoint, and what became of it. Topic tidemark.alerts.deliveries, compacted, keyed by endpoint and id.\",\"fields\":[{\"name\":\"id\",\"type\":\"string\",\"doc\":\"The id of the message: that of its first transition\"},{\"name\":\"endpoint\",\"type\":\"string\"},{\"name\":\"group\",\"type\":\"string\",\"doc\":\"What is told together: a rule, or what a source does not deliver\"},{\"name\":\"eventIds\",\"type\":{\"type\":\"array\",\"items\":\"string\"},\"doc\":\"The transitions that the message tells, oldest first\"},{\"name\":\"body\",\"type\":\"string\",\"doc\":\"The message as JSON\"},{\"name\":\"state\",\"type\":\"string\",\"doc\":\"open, sent, silenced, failed or given-up\"},{\"name\":\"attempts\",\"type\":\"int\"},{\"name\":\"createdAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},{\"name\":\"dueAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When it is sent, or sent again\"},{\"name\":\"endedAt\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null,\"doc\":\"When it was sent, silenced or given up\"},{\"name\":\"detail\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"The last failure, or the silence\"}]}",
}

/** Where alerts are sent. Topic tidemark.alerts.endpoints, compacted, keyed by id; a deleted one is a tombstone. No table has it: the address of a person can be forgotten. */
export interface AlertEndpoint {
  id: string
  /** webhook or email */
  kind: string
  /** URL or e-mail address */
  address: string
  owner: string
  /** The signing secret is derived from the master key, the id and this number */
  keyGeneration: number
  /** When the secret was changed last; the one before is used for a day more */
  rotatedAt: null | number
  /** null: it is in use */
  disabledAt: null | number
  disabledWhy: null | string
  changedAt: number
  changedBy: string
}

export const alertEndpointSchema: RecordSchema<AlertEndpoint> = {
  name: 'AlertEndpoint',
  file: 'schemas/alert-endpoint/v1.avsc',
  text: "{\"type\":\"record\",\"name\":\"AlertEndpoint\",\"namespace\":\"tidemark\",\"doc\":\"Where alerts are sent. Topic tidemark.alerts.endpoints, compacted, keyed by id; a deleted one is a tombstone. No table has it: the address of a person can be forgotten.\",\"fields\":[{\"name\":\"id\",\"type\":\"string\"},{\"name\":\"kind\",\"type\":\"string\",\"doc\":\"webhook or email\"},{\"name\":\"address\",\"type\":\"string\",\"doc\":\"URL or e-mail address\"},{\"name\":\"owner\",\"type\":\"string\"},{\"name\":\"keyGeneration\",\"type\":\"int\",\"doc\":\"The signing secret is derived from the master key, the id and this number\"},{\"name\":\"rotatedAt\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null,\"doc\":\"When the secret was changed last; the one before is used for a day more\"},{\"name\":\"disabledAt\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null,\"doc\":\"null: it is in use\"},{\"name\":\"disabledWhy\",\"type\":[\"null\",\"string\"],\"default\":null},{\"name\":\"changedAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},{\"name\":\"changedBy\",\"type\":\"string\"}]}",
}

/** A transition of an alert rule. Topic tidemark.alerts.events, kept for ever, keyed by rule. A repetition has the same id. */
export interface AlertEvent {
  /** Hash of rule, version, series, transition and onset; also the id of the message */
  id: string
  /** firing, changed, resolved, cancelled, happened, unknown or known */
  kind: string
  ruleId: string
  ruleVersion: number
  title: string
  owner: string
  severity: string
  dataset: string
  /** Empty: all series of the dataset that the rule selects */
  key: string
  unit: string
  /** Event time at which the excursion began */
  onsetAt: number
  /** Event time of the first point after it; null: it goes on */
  endsAt: null | number
  /** The firing that this one follows; null: it follows none */
  firingId: null | string
  /** Event time of the point that decided */
  pointAt: number
  /** Its value */
  value: null | number
  /** What the threshold was compared with */
  compared: null | number
  /** The figure of the window, or the other value */
  reference: null | number
  /** How many samples the window had */
  samples: null | number
  /** How many steps the window has */
  expected: null | number
  /** When the answer that decided became known */
  knownAt: number
  /** Where the answer lies in <source>.raw; -1: nowhere */
  rawPartition: number
  rawOffset: number
  /** Why, in words, where the numbers do not say it */
  detail: null | string
  /** When the rule was judged */
  at: number
}

export const alertEventSchema: RecordSchema<AlertEvent> = {
  name: 'AlertEvent',
  file: 'schemas/alert-event/v1.avsc',
  text: "{\"type\":\"record\",\"name\":\"AlertEvent\",\"namespace\":\"tidemark\",\"doc\":\"A transition of an alert rule. Topic tidemark.alerts.events, kept for ever, keyed by rule. A repetition has the same id.\",\"fields\":[{\"name\":\"id\",\"type\":\"string\",\"doc\":\"Hash of rule, version, series, transition and onset; also the id of the message\"},{\"name\":\"kind\",\"type\":\"string\",\"doc\":\"firing, changed, resolved, cancelled, happened, unknown or known\"},{\"name\":\"ruleId\",\"type\":\"string\"},{\"name\":\"ruleVersion\",\"type\":\"int\"},{\"name\":\"title\",\"type\":\"string\"},{\"name\":\"owner\",\"type\":\"string\"},{\"name\":\"severity\",\"type\":\"string\"},{\"name\":\"dataset\",\"type\":\"string\"},{\"name\":\"key\",\"type\":\"string\",\"doc\":\"Empty: all series of the dataset that the rule selects\"},{\"name\":\"unit\",\"type\":\"string\"},{\"name\":\"onsetAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Event time at which the excursion began\"},{\"name\":\"endsAt\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null,\"doc\":\"Event time of the first point after it; null: it goes on\"},{\"name\":\"firingId\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"The firing that this one follows; null: it follows none\"},{\"name\":\"pointAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Event time of the point that decided\"},{\"name\":\"value\",\"type\":[\"null\",\"double\"],\"default\":null,\"doc\":\"Its value\"},{\"name\":\"compared\",\"type\":[\"null\",\"double\"],\"default\":null,\"doc\":\"What the threshold was compared with\"},{\"name\":\"reference\",\"type\":[\"null\",\"double\"],\"default\":null,\"doc\":\"The figure of the window, or the other value\"},{\"name\":\"samples\",\"type\":[\"null\",\"int\"],\"default\":null,\"doc\":\"How many samples the window had\"},{\"name\":\"expected\",\"type\":[\"null\",\"int\"],\"default\":null,\"doc\":\"How many steps the window has\"},{\"name\":\"knownAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When the answer that decided became known\"},{\"name\":\"rawPartition\",\"type\":\"int\",\"doc\":\"Where the answer lies in <source>.raw; -1: nowhere\"},{\"name\":\"rawOffset\",\"type\":\"long\"},{\"name\":\"detail\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"Why, in words, where the numbers do not say it\"},{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When the rule was judged\"}]}",
}

/** A version of an alert rule. Topic tidemark.alerts.rules, compacted, keyed by id. The newest version is valid. */
export interface AlertRule {
  id: string
  /** 1 for the first; each change adds 1 */
  version: number
  /** The rule as JSON, with all defaults */
  rule: string
  owner: string
  changedAt: number
  /** Id of the token, or user@host of a command */
  changedBy: string
  /** The reason of the change */
  why: string
  /** true: the rule alerts no longer */
  isDeleted: boolean
}

export const alertRuleSchema: RecordSchema<AlertRule> = {
  name: 'AlertRule',
  file: 'schemas/alert-rule/v1.avsc',
  text: "{\"type\":\"record\",\"name\":\"AlertRule\",\"namespace\":\"tidemark\",\"doc\":\"A version of an alert rule. Topic tidemark.alerts.rules, compacted, keyed by id. The newest version is valid.\",\"fields\":[{\"name\":\"id\",\"type\":\"string\"},{\"name\":\"version\",\"type\":\"int\",\"doc\":\"1 for the first; each change adds 1\"},{\"name\":\"rule\",\"type\":\"string\",\"doc\":\"The rule as JSON, with all defaults\"},{\"name\":\"owner\",\"type\":\"string\"},{\"name\":\"changedAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},{\"name\":\"changedBy\",\"type\":\"string\",\"doc\":\"Id of the token, or user@host of a command\"},{\"name\":\"why\",\"type\":\"string\",\"doc\":\"The reason of the change\"},{\"name\":\"isDeleted\",\"type\":\"boolean\",\"doc\":\"true: the rule alerts no longer\"}]}",
}

/** A time in which alerts are not sent. Topic tidemark.alerts.silences, compacted, keyed by id. What is silenced is still an event. */
export interface AlertSilence {
  id: string
  /** Id of the rule; * stands for any characters */
  rule: string
  dataset: string
  key: string
  fromAt: number
  untilAt: number
  why: string
  createdBy: string
  createdAt: number
}

export const alertSilenceSchema: RecordSchema<AlertSilence> = {
  name: 'AlertSilence',
  file: 'schemas/alert-silence/v1.avsc',
  text: "{\"type\":\"record\",\"name\":\"AlertSilence\",\"namespace\":\"tidemark\",\"doc\":\"A time in which alerts are not sent. Topic tidemark.alerts.silences, compacted, keyed by id. What is silenced is still an event.\",\"fields\":[{\"name\":\"id\",\"type\":\"string\"},{\"name\":\"rule\",\"type\":\"string\",\"doc\":\"Id of the rule; * stands for any characters\"},{\"name\":\"dataset\",\"type\":\"string\"},{\"name\":\"key\",\"type\":\"string\"},{\"name\":\"fromAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},{\"name\":\"untilAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},{\"name\":\"why\",\"type\":\"string\"},{\"name\":\"createdBy\",\"type\":\"string\"},{\"name\":\"createdAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}}]}",
}

/** What was told of a rule on a series. Topic tidemark.alerts.state, compacted, keyed by rule, dataset and key. */
export interface AlertState {
  ruleId: string
  ruleVersion: number
  dataset: string
  key: string
  /** Oldest first; only the last one may fire */
  episodes: (AlertEpisode)[]
  /** When the answer became known that was told last. An alerter that gets older ones again tells nothing of them */
  knownAt: number
  /** How many pieces of that answer were taken when it was told: slices of the series and of those that it is compared with, and the end of the answer. An alerter that gets these again tells nothing of them; null: of no piece */
  pieces: null | number
  /** When it was told */
  at: number
}

export interface AlertEpisode {
  /** Event time at which the excursion began */
  onsetAt: number
  /** Event time of the point at which the rule fired */
  firedAt: number
  /** Event time of the point at which it resolved; null: it fires */
  endsAt: null | number
  /** The id of the transition that told it */
  firingId: string
}

export const alertStateSchema: RecordSchema<AlertState> = {
  name: 'AlertState',
  file: 'schemas/alert-state/v2.avsc',
  text: "{\"type\":\"record\",\"name\":\"AlertState\",\"namespace\":\"tidemark\",\"doc\":\"What was told of a rule on a series. Topic tidemark.alerts.state, compacted, keyed by rule, dataset and key.\",\"fields\":[{\"name\":\"ruleId\",\"type\":\"string\"},{\"name\":\"ruleVersion\",\"type\":\"int\"},{\"name\":\"dataset\",\"type\":\"string\"},{\"name\":\"key\",\"type\":\"string\"},{\"name\":\"episodes\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"AlertEpisode\",\"fields\":[{\"name\":\"onsetAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Event time at which the excursion began\"},{\"name\":\"firedAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Event time of the point at which the rule fired\"},{\"name\":\"endsAt\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null,\"doc\":\"Event time of the point at which it resolved; null: it fires\"},{\"name\":\"firingId\",\"type\":\"string\",\"doc\":\"The id of the transition that told it\"}]}},\"doc\":\"Oldest first; only the last one may fire\"},{\"name\":\"knownAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"default\":0,\"doc\":\"When the answer became known that was told last. An alerter that gets older ones again tells nothing of them\"},{\"name\":\"pieces\",\"type\":[\"null\",\"int\"],\"default\":null,\"doc\":\"How many pieces of that answer were taken when it was told: slices of the series and of those that it is compared with, and the end of the answer. An alerter that gets these again tells nothing of them; null: of no piece\"},{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When it was told\"}]}",
}

/** A token of the API. The token itself is nowhere: only its hash is. Topic api-tokens, keyed by id; the newest record of an id is valid. */
export interface ApiToken {
  /** Names the token in lists and audit records */
  id: string
  /** SHA-256 of the token, lower-case hex */
  sha256: string
  /** reader, trader, operator or admin */
  role: string
  /** The only source whose datasets the token may change; null: all */
  source: null | string
  createdAt: number
  createdBy: string
  /** From when on the token is refused; null: it does not expire */
  expiresAt: null | number
  /** From when on the token is refused; null: it is not revoked */
  revokedAt: null | number
  /** token; session: made by a login, ended by the logout; link: opens one session, and is refused everywhere else */
  kind: string
  /** Who logged in at an OIDC provider, as audit records name them in place of the id; null: nobody did */
  person: null | string
}

export const apiTokenSchema: RecordSchema<ApiToken> = {
  name: 'ApiToken',
  file: 'schemas/api-token/v2.avsc',
  text: "{\"type\":\"record\",\"name\":\"ApiToken\",\"namespace\":\"tidemark\",\"doc\":\"A token of the API. The token itself is nowhere: only its hash is. Topic api-tokens, keyed by id; the newest record of an id is valid.\",\"fields\":[{\"name\":\"id\",\"type\":\"string\",\"doc\":\"Names the token in lists and audit records\"},{\"name\":\"sha256\",\"type\":\"string\",\"doc\":\"SHA-256 of the token, lower-case hex\"},{\"name\":\"role\",\"type\":\"string\",\"doc\":\"reader, trader, operator or admin\"},{\"name\":\"source\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"The only source whose datasets the token may change; null: all\"},{\"name\":\"createdAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},{\"name\":\"createdBy\",\"type\":\"string\"},{\"name\":\"expiresAt\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null,\"doc\":\"From when on the token is refused; null: it does not expire\"},{\"name\":\"revokedAt\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null,\"doc\":\"From when on the token is refused; null: it is not revoked\"},{\"name\":\"kind\",\"type\":\"string\",\"default\":\"token\",\"doc\":\"token; session: made by a login, ended by the logout; link: opens one session, and is refused everywhere else\"},{\"name\":\"person\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"Who logged in at an OIDC provider, as audit records name them in place of the id; null: nobody did\"}]}",
}

/** How often a caller read a dataset over the API in an hour, as one API process counted it so far. Topic api-usage, keyed by hour, process, caller and dataset. */
export interface ApiUsage {
  /** Start of the hour, UTC */
  hour: number
  /** The API process that counted */
  by: string
  /** Id of a token, or anonymous */
  caller: string
  /** null: the request concerned no single dataset */
  dataset: null | string
  /** Of this hour, so far */
  requests: number
  /** When the last of them came */
  lastAt: number
}

export const apiUsageSchema: RecordSchema<ApiUsage> = {
  name: 'ApiUsage',
  file: 'schemas/api-usage/v1.avsc',
  text: "{\"type\":\"record\",\"name\":\"ApiUsage\",\"namespace\":\"tidemark\",\"doc\":\"How often a caller read a dataset over the API in an hour, as one API process counted it so far. Topic api-usage, keyed by hour, process, caller and dataset.\",\"fields\":[{\"name\":\"hour\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Start of the hour, UTC\"},{\"name\":\"by\",\"type\":\"string\",\"doc\":\"The API process that counted\"},{\"name\":\"caller\",\"type\":\"string\",\"doc\":\"Id of a token, or anonymous\"},{\"name\":\"dataset\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"null: the request concerned no single dataset\"},{\"name\":\"requests\",\"type\":\"long\",\"doc\":\"Of this hour, so far\"},{\"name\":\"lastAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When the last of them came\"}]}",
}

/** Who changed what, why, and what came of it. Topic audit, keyed by id. The newest record of an id is valid. */
export interface Audit {
  id: string
  /** When it was asked for */
  at: number
  /** Id of the token, or user@host of a command */
  who: string
  /** The role of the caller */
  role: string
  /** Such as requeue, backfill, replay, token-create */
  action: string
  /** What it concerns, as JSON */
  target: string
  /** The reason that the caller gave */
  why: string
  /** What came of it, as JSON; null: it is under way */
  result: null | string
  /** Why it failed; null: it did not */
  failed: null | string
  /** When it was over; null: it is under way */
  endedAt: null | number
}

export const auditSchema: RecordSchema<Audit> = {
  name: 'Audit',
  file: 'schemas/audit/v1.avsc',
  text: "{\"type\":\"record\",\"name\":\"Audit\",\"namespace\":\"tidemark\",\"doc\":\"Who changed what, why, and what came of it. Topic audit, keyed by id. The newest record of an id is valid.\",\"fields\":[{\"name\":\"id\",\"type\":\"string\"},{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When it was asked for\"},{\"name\":\"who\",\"type\":\"string\",\"doc\":\"Id of the token, or user@host of a command\"},{\"name\":\"role\",\"type\":\"string\",\"doc\":\"The role of the caller\"},{\"name\":\"action\",\"type\":\"string\",\"doc\":\"Such as requeue, backfill, replay, token-create\"},{\"name\":\"target\",\"type\":\"string\",\"doc\":\"What it concerns, as JSON\"},{\"name\":\"why\",\"type\":\"string\",\"doc\":\"The reason that the caller gave\"},{\"name\":\"result\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"What came of it, as JSON; null: it is under way\"},{\"name\":\"failed\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"Why it failed; null: it did not\"},{\"name\":\"endedAt\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null,\"doc\":\"When it was over; null: it is under way\"}]}",
}

/** A window's class of completeness changed. Topic completeness, keyed by request identity. The class is that of the view completeness at the instant `at`. */
export interface CompletenessChange {
  dataset: string
  requestIdentity: string
  /** What is asked for beside the window; null: nothing */
  selector: null | string
  windowStart: number
  windowEnd: number
  /** unknown, before-history, deleted, not-collected, complete, retracted, partial, not-yet-due, late or lost */
  class: string
  /** The class before; null: the window is new */
  previousClass: null | string
  /** Why the window is late, partial or lost; null for other classes */
  cause: null | string
  /** What upstream or this program said about the cause */
  detail: null | string
  /** Since when the window has the class */
  since: number
  /** The instant of the evaluation */
  at: number
  /** When the window is published at the latest; null: not known */
  expectedBy: null | number
}

export const completenessChangeSchema: RecordSchema<CompletenessChange> = {
  name: 'CompletenessChange',
  file: 'schemas/completeness/v1.avsc',
  text: "{\"type\":\"record\",\"name\":\"CompletenessChange\",\"namespace\":\"tidemark\",\"doc\":\"A window's class of completeness changed. Topic completeness, keyed by request identity. The class is that of the view completeness at the instant `at`.\",\"fields\":[{\"name\":\"dataset\",\"type\":\"string\"},{\"name\":\"requestIdentity\",\"type\":\"string\"},{\"name\":\"selector\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"What is asked for beside the window; null: nothing\"},{\"name\":\"windowStart\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},{\"name\":\"windowEnd\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},{\"name\":\"class\",\"type\":\"string\",\"doc\":\"unknown, before-history, deleted, not-collected, complete, retracted, partial, not-yet-due, late or lost\"},{\"name\":\"previousClass\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"The class before; null: the window is new\"},{\"name\":\"cause\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"Why the window is late, partial or lost; null for other classes\"},{\"name\":\"detail\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"What upstream or this program said about the cause\"},{\"name\":\"since\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Since when the window has the class\"},{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"The instant of the evaluation\"},{\"name\":\"expectedBy\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null,\"doc\":\"When the window is published at the latest; null: not known\"}]}",
}

/** How a dataset is collected from an instant on. Topic schedule-log, keyed by dataset; a record is written when something changed. */
export interface DatasetSchedule {
  dataset: string
  at: number
  /** auto, on-demand or off */
  schedule: string
  /** What decided that: declaration, DATASET_SCHEDULES, or the setting that is missing */
  because: string
  /** Upstream host and port; null for a dataset of files */
  host: null | string
  /** What is asked for beside the window, one element a request; empty: nothing */
  selectors: (string)[]
  /** Seconds between two ticks; null: the windows are days, hours, months or files */
  everyS: null | number
  /** First day of upstream's history, YYYY-MM-DD; null: not declared */
  firstDay: null | string
  /** Start of that day in the dataset's time zone */
  historyBegins: null | number
  /** Whether the keys of a window differ by nature, so that few keys do not make it partial */
  keysVary: boolean
  /** Which program said it */
  by: string
}

export const datasetScheduleSchema: RecordSchema<DatasetSchedule> = {
  name: 'DatasetSchedule',
  file: 'schemas/dataset-schedule/v1.avsc',
  text: "{\"type\":\"record\",\"name\":\"DatasetSchedule\",\"namespace\":\"tidemark\",\"doc\":\"How a dataset is collected from an instant on. Topic schedule-log, keyed by dataset; a record is written when something changed.\",\"fields\":[{\"name\":\"dataset\",\"type\":\"string\"},{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},{\"name\":\"schedule\",\"type\":\"string\",\"doc\":\"auto, on-demand or off\"},{\"name\":\"because\",\"type\":\"string\",\"doc\":\"What decided that: declaration, DATASET_SCHEDULES, or the setting that is missing\"},{\"name\":\"host\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"Upstream host and port; null for a dataset of files\"},{\"name\":\"selectors\",\"type\":{\"type\":\"array\",\"items\":\"string\"},\"doc\":\"What is asked for beside the window, one element a request; empty: nothing\"},{\"name\":\"everyS\",\"type\":[\"null\",\"int\"],\"default\":null,\"doc\":\"Seconds between two ticks; null: the windows are days, hours, months or files\"},{\"name\":\"firstDay\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"First day of upstream's history, YYYY-MM-DD; null: not declared\"},{\"name\":\"historyBegins\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null,\"doc\":\"Start of that day in the dataset's time zone\"},{\"name\":\"keysVary\",\"type\":\"boolean\",\"default\":false,\"doc\":\"Whether the keys of a window differ by nature, so that few keys do not make it partial\"},{\"name\":\"by\",\"type\":\"string\",\"doc\":\"Which program said it\"}]}",
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

export const deletionSchema: RecordSchema<Deletion> = {
  name: 'Deletion',
  file: 'schemas/deletion/v1.avsc',
  text: "{\"type\":\"record\",\"name\":\"Deletion\",\"namespace\":\"tidemark\",\"doc\":\"All points of a dataset before an instant were deleted for good: nothing before it is stored again. Topic deletions, keyed by dataset, kept for ever.\",\"fields\":[{\"name\":\"dataset\",\"type\":\"string\"},{\"name\":\"before\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Points whose ts is before this instant, UTC, are gone\"},{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When it was asked for\"},{\"name\":\"by\",\"type\":\"string\",\"doc\":\"Who asked for it: user and host\"},{\"name\":\"why\",\"type\":\"string\",\"doc\":\"The reason that was given; may be empty\"}]}",
}

/** By when a window of a scheduled dataset is expected. Topic expected-windows, keyed by request identity. Of several records of a window, the one with the greatest declaredAt counts; at an instant T, of those declared by T. */
export interface ExpectedWindow {
  dataset: string
  requestIdentity: string
  /** What is asked for beside the window; null: nothing */
  selector: null | string
  /** Start of the window, included, UTC; of ticks: the first expected tick */
  windowStart: number
  /** End of the window, excluded, UTC; of ticks: the end of the interval */
  windowEnd: number
  /** Seconds between two ticks: the record stands for all ticks of the interval. Null: the record is one window */
  everyS: null | number
  /** When the window is published at the latest; null for ticks, and where the time is not known */
  expectedBy: null | number
  /** From when on a missing window is late; null: never */
  lateAfter: null | number
  /** Why there is no time, or why it is another one than usual; null: neither */
  why: null | string
  /** How many values the window has of each key, as declared; null: the dataset declares no step */
  steps: null | number
  /** From when on this was known */
  declaredAt: number
  /** Whether declaredAt is the time of the window's first poll, because the window was collected before expectations were recorded */
  backdated: boolean
}

export const expectedWindowSchema: RecordSchema<ExpectedWindow> = {
  name: 'ExpectedWindow',
  file: 'schemas/expected-window/v1.avsc',
  text: "{\"type\":\"record\",\"name\":\"ExpectedWindow\",\"namespace\":\"tidemark\",\"doc\":\"By when a window of a scheduled dataset is expected. Topic expected-windows, keyed by request identity. Of several records of a window, the one with the greatest declaredAt counts; at an instant T, of those declared by T.\",\"fields\":[{\"name\":\"dataset\",\"type\":\"string\"},{\"name\":\"requestIdentity\",\"type\":\"string\"},{\"name\":\"selector\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"What is asked for beside the window; null: nothing\"},{\"name\":\"windowStart\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Start of the window, included, UTC; of ticks: the first expected tick\"},{\"name\":\"windowEnd\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"End of the window, excluded, UTC; of ticks: the end of the interval\"},{\"name\":\"everyS\",\"type\":[\"null\",\"int\"],\"default\":null,\"doc\":\"Seconds between two ticks: the record stands for all ticks of the interval. Null: the record is one window\"},{\"name\":\"expectedBy\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null,\"doc\":\"When the window is published at the latest; null for ticks, and where the time is not known\"},{\"name\":\"lateAfter\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null,\"doc\":\"From when on a missing window is late; null: never\"},{\"name\":\"why\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"Why there is no time, or why it is another one than usual; null: neither\"},{\"name\":\"steps\",\"type\":[\"null\",\"int\"],\"default\":null,\"doc\":\"How many values the window has of each key, as declared; null: the dataset declares no step\"},{\"name\":\"declaredAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"From when on this was known\"},{\"name\":\"backdated\",\"type\":\"boolean\",\"default\":false,\"doc\":\"Whether declaredAt is the time of the window's first poll, because the window was collected before expectations were recorded\"}]}",
}

/** What the owner of a host does about it: once a minute, and at once when its ownership or a pause begins or ends. Topic host-log, keyed by host. All times are of the poller's clock. */
export interface HostLog {
  /** Upstream host and port */
  host: string
  /** When this was so */
  at: number
  /** Which poller says it */
  poller: string
  /** owned: this poller polls the host; released: it no longer does */
  state: string
  /** How many of the due requests wait only because the request budget is used up. 0 during a pause */
  waitingForBudget: number
  /** How many requests are due and not under way, whatever they wait for */
  dueRequests: number
  /** Until when the host is left alone because it asked for it; null when it is not paused */
  pausedUntil: null | number
  /** What asked for the pause: 429, Retry-After 7200 */
  pauseReason: null | string
  /** Every answer of the host that this poller received before this instant is acknowledged on topic polls. Answers of earlier owners are settled when a poller says owned for the first time */
  settledTo: number
}

export const hostLogSchema: RecordSchema<HostLog> = {
  name: 'HostLog',
  file: 'schemas/host-log/v1.avsc',
  text: "{\"type\":\"record\",\"name\":\"HostLog\",\"namespace\":\"tidemark\",\"doc\":\"What the owner of a host does about it: once a minute, and at once when its ownership or a pause begins or ends. Topic host-log, keyed by host. All times are of the poller's clock.\",\"fields\":[{\"name\":\"host\",\"type\":\"string\",\"doc\":\"Upstream host and port\"},{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When this was so\"},{\"name\":\"poller\",\"type\":\"string\",\"doc\":\"Which poller says it\"},{\"name\":\"state\",\"type\":\"string\",\"doc\":\"owned: this poller polls the host; released: it no longer does\"},{\"name\":\"waitingForBudget\",\"type\":\"int\",\"doc\":\"How many of the due requests wait only because the request budget is used up. 0 during a pause\"},{\"name\":\"dueRequests\",\"type\":\"int\",\"doc\":\"How many requests are due and not under way, whatever they wait for\"},{\"name\":\"pausedUntil\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null,\"doc\":\"Until when the host is left alone because it asked for it; null when it is not paused\"},{\"name\":\"pauseReason\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"What asked for the pause: 429, Retry-After 7200\"},{\"name\":\"settledTo\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Every answer of the host that this poller received before this instant is acknowledged on topic polls. Answers of earlier owners are settled when a poller says owned for the first time\"}]}",
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

export const parkingSchema: RecordSchema<Parking> = {
  name: 'Parking',
  file: 'schemas/parking/v1.avsc',
  text: "{\"type\":\"record\",\"name\":\"Parking\",\"namespace\":\"tidemark\",\"doc\":\"Whether a dataset is parked: its raw records become dead letters unread. Topic parking, compacted, keyed by dataset; the newest counts.\",\"fields\":[{\"name\":\"dataset\",\"type\":\"string\"},{\"name\":\"parked\",\"type\":\"boolean\"},{\"name\":\"reason\",\"type\":\"string\",\"doc\":\"Reason of the refusal that went past the limit, or released\"},{\"name\":\"message\",\"type\":\"string\",\"doc\":\"One sentence: what went past the limit, or why it was released\"},{\"name\":\"by\",\"type\":\"string\",\"doc\":\"Which service or who\"},{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}}]}",
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

export const pollRequestSchema: RecordSchema<PollRequest> = {
  name: 'PollRequest',
  file: 'schemas/poll-request/v3.avsc',
  text: "{\"type\":\"record\",\"name\":\"PollRequest\",\"namespace\":\"tidemark\",\"doc\":\"Somebody asks for a window to be polled. Topic poll-requests, keyed by request identity, partitioned by host like polls, kept a day. Done when polls shows the identity polled since requestedAt.\",\"fields\":[{\"name\":\"requestIdentity\",\"type\":\"string\"},{\"name\":\"dataset\",\"type\":\"string\"},{\"name\":\"windowStart\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},{\"name\":\"windowEnd\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},{\"name\":\"requestedAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},{\"name\":\"requestedBy\",\"type\":\"string\",\"doc\":\"Who or what asked, for the log\"},{\"name\":\"liftsPauseOf\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"The host whose pause ends with this record; then it asks for no window. Null: it asks for a window\"},{\"name\":\"confirmsEmpty\",\"type\":\"boolean\",\"default\":false,\"doc\":\"An operator says that an empty answer is the truth: it is kept as one that confirms, which withdraws every value of the window\"}]}",
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
  /** Whether this poll changes what is known of its window: the first poll, an answer in raw, a failure, the first good poll after failures, another completeness, or a confirmed emptiness. Null: not stated, by an earlier release */
  changesState: null | boolean
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

export const pollSchema: RecordSchema<Poll> = {
  name: 'Poll',
  file: 'schemas/poll/v5.avsc',
  text: "{\"type\":\"record\",\"name\":\"Poll\",\"namespace\":\"tidemark\",\"doc\":\"One poll, whatever came of it: the log and the heartbeat. Topic polls, keyed by request identity, partitioned by host.\",\"fields\":[{\"name\":\"requestIdentity\",\"type\":\"string\"},{\"name\":\"dataset\",\"type\":\"string\"},{\"name\":\"host\",\"type\":\"string\",\"doc\":\"Upstream host and port: the budget's owner, and what the topic is partitioned by\"},{\"name\":\"windowStart\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},{\"name\":\"windowEnd\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},{\"name\":\"lane\",\"type\":\"string\",\"doc\":\"live, requested or background\"},{\"name\":\"sentAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},{\"name\":\"fetchedAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When the last byte, or the failure, arrived\"},{\"name\":\"outcome\",\"type\":\"string\",\"doc\":\"changed, unchanged, empty, emptied, refused, unreadable or failed\"},{\"name\":\"status\",\"type\":[\"null\",\"int\"],\"default\":null,\"doc\":\"HTTP status; null when no answer came\"},{\"name\":\"durationMs\",\"type\":\"int\"},{\"name\":\"bytes\",\"type\":\"int\",\"doc\":\"Length of the body\"},{\"name\":\"contentHash\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"SHA-256 of the body, hex\"},{\"name\":\"error\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"Why it failed or was refused\"},{\"name\":\"errorBody\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"The first kilobyte of a failed poll's answer\"},{\"name\":\"rawPartition\",\"type\":[\"null\",\"int\"],\"default\":null,\"doc\":\"Where the answer went in <source>.raw; null when nothing was written\"},{\"name\":\"rawOffset\",\"type\":[\"null\",\"long\"],\"default\":null},{\"name\":\"poller\",\"type\":\"string\",\"doc\":\"Which poller did it\"},{\"name\":\"origin\",\"type\":\"string\",\"doc\":\"live, simulated or file\"},{\"name\":\"requestsReadTo\",\"type\":[\"null\",\"long\"],\"default\":null,\"doc\":\"The offset of poll-requests, in the partition of the host, that the poller had yet to read when it sent the request: the poll answers the requests before it. Null: not stated\"},{\"name\":\"pausedUntil\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null,\"doc\":\"Until when the host is left alone since this answer; null when the answer asked for no pause\"},{\"name\":\"pauseReason\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"What asked for the pause: 429, Retry-After 7200\"},{\"name\":\"memory\",\"type\":{\"type\":\"record\",\"name\":\"PollMemory\",\"fields\":[{\"name\":\"lastGoodFetchedAt\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null,\"doc\":\"known_at of the newest good answer, changed or not; the memory of an identity is the record with the greatest\"},{\"name\":\"lastGoodHash\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"Content hash of that answer\"},{\"name\":\"etag\",\"type\":[\"null\",\"string\"],\"default\":null},{\"name\":\"lastModified\",\"type\":[\"null\",\"string\"],\"default\":null},{\"name\":\"lastChangedAt\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null,\"doc\":\"known_at of the newest answer that went to raw\"},{\"name\":\"completeness\",\"type\":[\"null\",\"string\"],\"default\":null,\"doc\":\"What look() said of the newest answer that it could read: complete, partial, empty or refused\"},{\"name\":\"hadRows\",\"type\":\"boolean\",\"default\":false,\"doc\":\"Whether any answer of this identity ever had rows\"},{\"name\":\"failures\",\"type\":\"int\",\"default\":0,\"doc\":\"Failed polls since the last good one\"},{\"name\":\"emptySince\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null,\"doc\":\"known_at of the first of the empty answers that followed rows; null when the newest answer has rows, or none ever had\"},{\"name\":\"emptyConfirmed\",\"type\":\"boolean\",\"default\":false,\"doc\":\"Whether an answer in raw confirms that the window was emptied: nothing of it is left to withdraw\"},{\"name\":\"countedRows\",\"type\":[\"null\",\"int\"],\"default\":null,\"doc\":\"How many rows the newest count said, where rows come in pages; null elsewhere\"}]},\"doc\":\"All that is known of the request identity, carried forward also after a failure. What counts for pollers is the newest on topic poller-memory\"},{\"name\":\"changesState\",\"type\":[\"null\",\"boolean\"],\"default\":null,\"doc\":\"Whether this poll changes what is known of its window: the first poll, an answer in raw, a failure, the first good poll after failures, another completeness, or a confirmed emptiness. Null: not stated, by an earlier release\"}]}",
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

export const pollerMemorySchema: RecordSchema<PollerMemory> = {
  name: 'PollerMemory',
  file: 'schemas/poller-memory/v1.avsc',
  text: "{\"type\":\"record\",\"name\":\"PollerMemory\",\"namespace\":\"tidemark\",\"doc\":\"What the poller remembers: one record an identity, one a host that asked for a pause, and one that says that the polls of an earlier release are carried over. Exactly one of the three fields is not null. Topic poller-memory, partitioned by host, compacted.\",\"fields\":[{\"name\":\"identity\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"IdentityMemory\",\"doc\":\"All that is known of a request identity\",\"fields\":[{\"name\":\"poll\",\"type\":\"bytes\",\"doc\":\"The newest poll of the identity: the value of its record on topic polls\"},{\"name\":\"polledAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When the identity was last polled, whatever came of it\"},{\"name\":\"rawPartition\",\"type\":[\"null\",\"int\"],\"default\":null,\"doc\":\"Where the newest answer lies in <source>.raw; null when there is none\"},{\"name\":\"rawOffset\",\"type\":[\"null\",\"long\"],\"default\":null},{\"name\":\"answeredTo\",\"type\":\"long\",\"default\":0,\"doc\":\"The requests before this offset of poll-requests, in the partition of the host, are answered\"},{\"name\":\"failedRequests\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"RequestFailure\",\"doc\":\"A failed poll since requests were answered\",\"fields\":[{\"name\":\"sentAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},{\"name\":\"readTo\",\"type\":\"long\",\"doc\":\"It would have answered the requests before this offset\"}]}},\"default\":[]},{\"name\":\"inLog\",\"type\":\"boolean\",\"default\":false,\"doc\":\"Whether topic polls held the poll before this record was written\"}]}],\"default\":null},{\"name\":\"host\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"HostMemory\",\"doc\":\"The pauses that a host asked for\",\"fields\":[{\"name\":\"host\",\"type\":\"string\"},{\"name\":\"pauses\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"HostPause\",\"fields\":[{\"name\":\"until\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When it ends, by the poller's clock\"},{\"name\":\"lengthMs\",\"type\":\"long\",\"doc\":\"From sending the request to the end of the pause\"},{\"name\":\"reason\",\"type\":\"string\",\"doc\":\"What asked for it: 429, Retry-After 7200\"},{\"name\":\"attempts\",\"type\":\"int\",\"doc\":\"How often the host asked for a pause in a row, this time included\"},{\"name\":\"recordedAt\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null,\"doc\":\"When Kafka took it first, by the broker's clock; null: with this record\"}]}}}]}],\"default\":null},{\"name\":\"carriedOver\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"CarriedOver\",\"doc\":\"The memory holds all that topic polls says of the time before\",\"fields\":[{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},{\"name\":\"polls\",\"type\":\"long\",\"doc\":\"Records of topic polls that were read\"},{\"name\":\"identities\",\"type\":\"int\",\"doc\":\"Identities that were written\"}]}],\"default\":null}]}",
}

/** What a check across the answers of a dataset found. Topic quality-findings, keyed by dataset, check, key and `from`: the newest record of a key counts. */
export interface QualityFinding {
  dataset: string
  /** frozen, jump or few-rows. The catalogue says what it means for the dataset */
  check: string
  /** The key of the series; of few-rows: the selector, empty if the dataset has none */
  key: string
  /** Since when it holds */
  from: number
  /** Until when: of ticks the last one, of steps and windows the end, excluded */
  to: number
  /** Numbers that show it, by name */
  evidence: Record<string, number>
  /** When it was found first */
  foundAt: number
  /** When this record was made */
  at: number
  /** When it was seen that it holds no longer, because the data was corrected or deleted; null: it holds */
  withdrawnAt: null | number
}

export const qualityFindingSchema: RecordSchema<QualityFinding> = {
  name: 'QualityFinding',
  file: 'schemas/quality-finding/v1.avsc',
  text: "{\"type\":\"record\",\"name\":\"QualityFinding\",\"namespace\":\"tidemark\",\"doc\":\"What a check across the answers of a dataset found. Topic quality-findings, keyed by dataset, check, key and `from`: the newest record of a key counts.\",\"fields\":[{\"name\":\"dataset\",\"type\":\"string\"},{\"name\":\"check\",\"type\":\"string\",\"doc\":\"frozen, jump or few-rows. The catalogue says what it means for the dataset\"},{\"name\":\"key\",\"type\":\"string\",\"doc\":\"The key of the series; of few-rows: the selector, empty if the dataset has none\"},{\"name\":\"from\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Since when it holds\"},{\"name\":\"to\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Until when: of ticks the last one, of steps and windows the end, excluded\"},{\"name\":\"evidence\",\"type\":{\"type\":\"map\",\"values\":\"double\"},\"doc\":\"Numbers that show it, by name\"},{\"name\":\"foundAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When it was found first\"},{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When this record was made\"},{\"name\":\"withdrawnAt\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null,\"doc\":\"When it was seen that it holds no longer, because the data was corrected or deleted; null: it holds\"}]}",
}

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

export const rawResponseSchema: RecordSchema<RawResponse> = {
  name: 'RawResponse',
  file: 'schemas/raw-response/v2.avsc',
  text: "{\"type\":\"record\",\"name\":\"RawResponse\",\"namespace\":\"tidemark\",\"doc\":\"One answer of an upstream, byte for byte, and how it was got. Topic <source>.raw, keyed by request identity.\",\"fields\":[{\"name\":\"dataset\",\"type\":\"string\",\"doc\":\"What was asked for, e.g. jao.core.maxExchanges\"},{\"name\":\"requestIdentity\",\"type\":\"string\",\"doc\":\"What is asked again and again: dataset and window (or symbols); the record's key\"},{\"name\":\"windowStart\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Start of the window, included, UTC\"},{\"name\":\"windowEnd\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"End of the window, excluded, UTC\"},{\"name\":\"url\",\"type\":\"string\",\"doc\":\"The full URL that was asked\"},{\"name\":\"status\",\"type\":\"int\",\"doc\":\"HTTP status\"},{\"name\":\"headers\",\"type\":{\"type\":\"map\",\"values\":\"string\"},\"doc\":\"Chosen response headers, names in lower case\"},{\"name\":\"body\",\"type\":\"bytes\",\"doc\":\"The answer's content, exactly as it came (after content decoding)\"},{\"name\":\"contentHash\",\"type\":\"string\",\"doc\":\"SHA-256 of body, lower-case hex\"},{\"name\":\"sentAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When the request was sent\"},{\"name\":\"fetchedAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When the answer's last byte arrived: the known_at of everything in it. Grows by at least 1 ms from answer to answer of one request identity\"},{\"name\":\"origin\",\"type\":\"string\",\"doc\":\"Where the answer came from: live, simulated or file\"},{\"name\":\"confirms\",\"type\":\"boolean\",\"default\":false,\"doc\":\"An answer without rows that confirms an earlier one at least 10 minutes before: the window was emptied. Without it an answer that yields nothing is not accepted\"}]}",
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

export const replaySchema: RecordSchema<Replay> = {
  name: 'Replay',
  file: 'schemas/replay/v1.avsc',
  text: "{\"type\":\"record\",\"name\":\"Replay\",\"namespace\":\"tidemark\",\"doc\":\"History done again: a replay of a dataset or a rebuild of the store, one record a change of its state. Topic replays, keyed by id; the newest record of an id counts.\",\"fields\":[{\"name\":\"id\",\"type\":\"string\",\"doc\":\"Also the value of the header replay of every record that it writes\"},{\"name\":\"kind\",\"type\":\"string\",\"doc\":\"replay or rebuild\"},{\"name\":\"dataset\",\"type\":\"string\",\"doc\":\"What is done again; * for all\"},{\"name\":\"windowFrom\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"doc\":\"Windows that start here or later, UTC; null: from the first\"},{\"name\":\"windowTo\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"doc\":\"Windows that start before, UTC; null: to the last\"},{\"name\":\"state\",\"type\":\"string\",\"doc\":\"started, told (all of it is in the store), finished or failed\"},{\"name\":\"who\",\"type\":\"string\"},{\"name\":\"why\",\"type\":\"string\"},{\"name\":\"startedAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},{\"name\":\"at\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When this state began\"},{\"name\":\"fromVersion\",\"type\":\"int\",\"doc\":\"Greatest transform version in the store before, of all datasets that were done; 0 where there was none\"},{\"name\":\"toVersion\",\"type\":\"int\",\"doc\":\"Transform version of the code that ran; the greatest where several datasets were done\"},{\"name\":\"spans\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"RawSpan\",\"fields\":[{\"name\":\"topic\",\"type\":\"string\"},{\"name\":\"partition\",\"type\":\"int\"},{\"name\":\"from\",\"type\":\"long\",\"doc\":\"First offset, included\"},{\"name\":\"to\",\"type\":\"long\",\"doc\":\"Last offset, excluded\"}]}},\"doc\":\"The raw records that were read\"},{\"name\":\"counts\",\"type\":{\"type\":\"map\",\"values\":\"long\"},\"doc\":\"answers, refused, slices, points, erased, kept, ...\"},{\"name\":\"message\",\"type\":\"string\",\"doc\":\"One sentence on the outcome; empty while it runs\"}]}",
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

export const seriesSchema: RecordSchema<Series> = {
  name: 'Series',
  file: 'schemas/series/v1.avsc',
  text: "{\"type\":\"record\",\"name\":\"Series\",\"namespace\":\"tidemark\",\"doc\":\"What a key means. Topic <source>.series, compacted, keyed by dataset and key.\",\"fields\":[{\"name\":\"dataset\",\"type\":\"string\"},{\"name\":\"key\",\"type\":\"string\",\"doc\":\"Exactly as upstream spells it\"},{\"name\":\"labels\",\"type\":{\"type\":\"map\",\"values\":\"string\"},\"doc\":\"What the key says, e.g. from and to; empty where it cannot be read\"},{\"name\":\"unit\",\"type\":\"string\"},{\"name\":\"step\",\"type\":\"int\",\"doc\":\"Seconds from one value to the next, as last seen\"},{\"name\":\"transformVersion\",\"type\":\"int\"},{\"name\":\"emittedAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"The newest wins\"}]}",
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

export const timeseriesSliceSchema: RecordSchema<TimeseriesSlice> = {
  name: 'TimeseriesSlice',
  file: 'schemas/timeseries-slice/v2.avsc',
  text: "{\"type\":\"record\",\"name\":\"TimeseriesSlice\",\"namespace\":\"tidemark\",\"doc\":\"A run of values of one series on a regular UTC grid, as one answer told it. Topic <source>.timeseries, keyed by dataset and key. The value at start + i * step is values[i].\",\"fields\":[{\"name\":\"dataset\",\"type\":\"string\",\"doc\":\"What the source publishes, e.g. jao.core.maxExchanges\"},{\"name\":\"key\",\"type\":\"string\",\"doc\":\"The series inside the dataset, exactly as upstream spells it\"},{\"name\":\"windowStart\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Start of the window that was asked for, included, UTC\"},{\"name\":\"windowEnd\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"End of the window, excluded, UTC\"},{\"name\":\"start\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"Time of the first value, UTC\"},{\"name\":\"step\",\"type\":\"int\",\"doc\":\"Seconds from one value to the next\"},{\"name\":\"values\",\"type\":{\"type\":\"array\",\"items\":[\"null\",\"double\"]},\"doc\":\"In the series' unit; null: the window was published and upstream gave no value here\"},{\"name\":\"knownAt\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"},\"doc\":\"When the answer's last byte arrived\"},{\"name\":\"upstreamModifiedAt\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}],\"default\":null,\"doc\":\"Upstream's own last-modified time, where it gives one\"},{\"name\":\"transformVersion\",\"type\":\"int\",\"doc\":\"Number of the dataset's explode, 0 to 4095\"},{\"name\":\"unit\",\"type\":\"string\",\"doc\":\"Unit of the values, e.g. MW\"},{\"name\":\"flags\",\"type\":{\"type\":\"array\",\"items\":\"string\"},\"default\":[],\"doc\":\"Quality flags, e.g. step-changed, implausible\"},{\"name\":\"origin\",\"type\":\"string\",\"doc\":\"live, simulated or file\"},{\"name\":\"raw\",\"type\":{\"type\":\"record\",\"name\":\"RawPosition\",\"fields\":[{\"name\":\"partition\",\"type\":\"int\"},{\"name\":\"offset\",\"type\":\"long\"}]},\"doc\":\"Where the answer lies in <source>.raw\"},{\"name\":\"identity\",\"type\":\"long\",\"default\":0,\"doc\":\"The request identity of the answer as a number: the first 53 bits of its SHA-256. AcceptedAnswer carries the same. 0: written before there was one\"}]}",
}
