// The topics of the API: who may use it, and who changed what.
import {
  type ApiToken,
  type ApiUsage,
  type Audit,
  apiTokenSchema,
  apiUsageSchema,
  auditSchema,
} from './generated/records.ts'
import type { RecordSchema, TableTarget } from './record-schema.ts'
import { utc, utcOrNull } from './tables.ts'
import { forEver, keptFor, plain, type Topic } from './topic.ts'

/** The tokens of the API, as hashes. The newest record of a token is valid. */
export const apiTokensTopic: Topic & { record: RecordSchema<ApiToken> } = {
  name: 'api-tokens',
  key: 'id of the token',
  record: apiTokenSchema,
  partitions: 1,
  config: { ...plain, 'cleanup.policy': 'compact', 'retention.ms': '-1' },
  retentionImpact: 'nothing is lost: a token is valid until it expires or is revoked',
}

const auditTable: TableTarget<Audit> = {
  table: 'audit_log',
  columns: ['id', 'at', 'who', 'role', 'action', 'target', 'why', 'result', 'failed', 'ended_at', 'offset'],
  row: ({ id, at, who, role, action, target, why, result, failed, endedAt }, offset) => [
    ...[id, utc(at), who, role, action, target, why, result, failed],
    ...[utcOrNull(endedAt), offset],
  ],
}

/** Who changed what over the API, why, and what came of it. */
export const auditTopic: Topic & { record: RecordSchema<Audit> } = {
  name: 'audit',
  key: 'id of the change',
  record: auditSchema,
  table: auditTable,
  partitions: 1,
  config: { ...plain, ...forEver },
  retentionImpact: 'who changed what, and why, is forgotten; the table keeps what it has',
}

const usageTable: TableTarget<ApiUsage> = {
  table: 'api_usage',
  columns: ['hour', 'by', 'caller', 'dataset', 'requests', 'last_at'],
  row: ({ hour, by, caller, dataset, requests, lastAt }) => [utc(hour), by, caller, dataset, requests, utc(lastAt)],
}

/** How often each caller read each dataset over the API, by the hour. */
export const apiUsageTopic: Topic & { record: RecordSchema<ApiUsage> } = {
  name: 'api-usage',
  key: 'hour, process, caller and dataset, joined by slashes',
  record: apiUsageSchema,
  table: usageTable,
  partitions: 1,
  config: { ...plain, ...keptFor(30) },
  retentionImpact: 'a store that is built anew does not know which datasets were read before the past month',
}
