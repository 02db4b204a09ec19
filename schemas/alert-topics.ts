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
import type { RecordSchema, TableTarget } from './record-schema.ts'
import { utc, utcOrNull } from './tables.ts'
import { forEver, plain, type Topic } from './topic.ts'

type TopicOf<T> = Topic & { record: RecordSchema<T> }

const compacted = { ...plain, 'cleanup.policy': 'compact', 'retention.ms': '-1' }

const rulesTable: TableTarget<AlertRule> = {
  table: 'alert_rules',
  columns: ['id', 'version', 'rule', 'owner', 'changed_at', 'changed_by', 'why', 'is_deleted'],
  row: ({ id, version, rule, owner, changedAt, changedBy, why, isDeleted }) => [
    ...[id, version, rule, owner, utc(changedAt), changedBy, why, isDeleted],
  ],
}

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

const eventsTable: TableTarget<AlertEvent> = {
  table: 'told_alerts',
  columns: [
    ...['id', 'kind', 'rule_id', 'rule_version', 'title', 'owner', 'severity', 'dataset', 'key', 'unit', 'onset_at'],
    ...['ends_at', 'firing_id', 'point_at', 'value', 'compared', 'reference', 'samples', 'expected', 'known_at'],
    ...['raw_partition', 'raw_offset', 'detail', 'at'],
  ],
  row: (event) => [
    ...[event.id, event.kind, event.ruleId, event.ruleVersion, event.title, event.owner, event.severity],
    ...[event.dataset, event.key, event.unit, utc(event.onsetAt), utcOrNull(event.endsAt), event.firingId],
    ...[utc(event.pointAt), event.value, event.compared, event.reference, event.samples, event.expected],
    ...[utc(event.knownAt), event.rawPartition, event.rawOffset, event.detail, utc(event.at)],
  ],
}

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

const deliveriesTable: TableTarget<AlertDelivery> = {
  table: 'alert_deliveries',
  columns: [
    ...['id', 'endpoint', 'group', 'event_ids', 'state', 'attempts', 'created_at', 'due_at', 'ended_at'],
    ...['detail', 'offset'],
  ],
  row: (delivery, offset) => [
    ...[delivery.id, delivery.endpoint, delivery.group, delivery.eventIds, delivery.state],
    ...[delivery.attempts, utc(delivery.createdAt), utc(delivery.dueAt), utcOrNull(delivery.endedAt)],
    ...[delivery.detail, offset],
  ],
}

export const alertDeliveriesTopic: TopicOf<AlertDelivery> = {
  name: 'tidemark.alerts.deliveries',
  key: 'endpoint and id of the message, joined by a slash',
  record: alertDeliverySchema,
  table: deliveriesTable,
  partitions: 1,
  config: compacted,
  retentionImpact: 'messages that wait are not sent, and others may be sent again with the same id',
}

const silencesTable: TableTarget<AlertSilence> = {
  table: 'alert_silences',
  columns: ['id', 'rule', 'dataset', 'key', 'from_at', 'until_at', 'why', 'created_by', 'created_at', 'offset'],
  row: ({ id, rule, dataset, key, fromAt, untilAt, why, createdBy, createdAt }, offset) => [
    ...[id, rule, dataset, key, utc(fromAt), utc(untilAt), why, createdBy, utc(createdAt), offset],
  ],
}

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
