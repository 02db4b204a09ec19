// The topics of alerts: what the rules are, what they told, to whom, and with what success.
import {
  type AlertDelivery,
  type AlertEndpoint,
  type AlertEvent,
  type AlertRule,
  type AlertSilence,
  type AlertState,
  alertDeliverySchema,
  alertEndpointSchema,
  alertEventSchema,
  alertRuleSchema,
  alertSilenceSchema,
  alertStateSchema,
} from './generated/records.ts'
import { instant, type RecordSchema, recordOffset, tableOfFields } from './record-schema.ts'
import { forEver, plain, type Topic } from './topic.ts'

type TopicOf<T> = Topic & { record: RecordSchema<T> }

const compacted = { ...plain, 'cleanup.policy': 'compact', 'retention.ms': '-1' }

const rulesTable = tableOfFields<AlertRule>('alert_rules', {
  id: 'id',
  version: 'version',
  rule: 'rule',
  owner: 'owner',
  changed_at: instant('changedAt'),
  changed_by: 'changedBy',
  why: 'why',
  is_deleted: 'isDeleted',
})

export const alertRulesTopic: TopicOf<AlertRule> = {
  name: 'tidemark.alerts.rules',
  key: 'id of the rule',
  record: alertRuleSchema,
  table: rulesTable,
  partitions: 1,
  config: compacted,
  retentionImpact: 'nothing is lost: the newest version of each rule stays, and the table keeps all of them',
}

export const alertStateTopic: TopicOf<AlertState> = {
  name: 'tidemark.alerts.state',
  key: 'rule, dataset and key, joined by slashes',
  record: alertStateSchema,
  partitions: 1,
  config: compacted,
  retentionImpact: 'alerts that fire are told once more',
}

const eventsTable = tableOfFields<AlertEvent>('told_alerts', {
  id: 'id',
  kind: 'kind',
  rule_id: 'ruleId',
  rule_version: 'ruleVersion',
  title: 'title',
  owner: 'owner',
  severity: 'severity',
  dataset: 'dataset',
  key: 'key',
  unit: 'unit',
  onset_at: instant('onsetAt'),
  ends_at: instant('endsAt'),
  firing_id: 'firingId',
  point_at: instant('pointAt'),
  value: 'value',
  compared: 'compared',
  reference: 'reference',
  samples: 'samples',
  expected: 'expected',
  known_at: instant('knownAt'),
  raw_partition: 'rawPartition',
  raw_offset: 'rawOffset',
  detail: 'detail',
  at: instant('at'),
})

export const alertEventsTopic: TopicOf<AlertEvent> = {
  name: 'tidemark.alerts.events',
  key: 'id of the rule',
  record: alertEventSchema,
  table: eventsTable,
  partitions: 1,
  config: { ...plain, ...forEver },
  retentionImpact: 'a store that is built anew does not know which alerts there were',
}

export const alertEndpointsTopic: TopicOf<AlertEndpoint> = {
  name: 'tidemark.alerts.endpoints',
  key: 'id of the endpoint',
  record: alertEndpointSchema,
  partitions: 1,
  config: compacted,
  retentionImpact: 'nobody is told of alerts any more',
}

const deliveriesTable = tableOfFields<AlertDelivery>('alert_deliveries', {
  id: 'id',
  endpoint: 'endpoint',
  group: 'group',
  event_ids: 'eventIds',
  state: 'state',
  attempts: 'attempts',
  created_at: instant('createdAt'),
  due_at: instant('dueAt'),
  ended_at: instant('endedAt'),
  detail: 'detail',
  offset: recordOffset,
})

export const alertDeliveriesTopic: TopicOf<AlertDelivery> = {
  name: 'tidemark.alerts.deliveries',
  key: 'endpoint and id of the message, joined by a slash',
  record: alertDeliverySchema,
  table: deliveriesTable,
  partitions: 1,
  config: compacted,
  retentionImpact: 'messages that wait are not sent, and others may be sent again with the same id',
}

const silencesTable = tableOfFields<AlertSilence>('alert_silences', {
  id: 'id',
  rule: 'rule',
  dataset: 'dataset',
  key: 'key',
  from_at: instant('fromAt'),
  until_at: instant('untilAt'),
  why: 'why',
  created_by: 'createdBy',
  created_at: instant('createdAt'),
  offset: recordOffset,
})

export const alertSilencesTopic: TopicOf<AlertSilence> = {
  name: 'tidemark.alerts.silences',
  key: 'id of the silence',
  record: alertSilenceSchema,
  table: silencesTable,
  partitions: 1,
  config: compacted,
  retentionImpact: 'what is silenced is sent again',
}

export const alertTopics: Topic[] = [
  alertRulesTopic,
  alertStateTopic,
  alertEventsTopic,
  alertEndpointsTopic,
  alertDeliveriesTopic,
  alertSilencesTopic,
]
