// The topics of the API: who may use it, and who changed what.
import {
  type ApiToken,
  type ApiUsage,
  type Audit,
  apiTokenSchema,
  apiUsageSchema,
  auditSchema,
} from './generated/records.ts'
import { instant, type RecordSchema, recordOffset, tableOfFields } from './record-schema.ts'
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

const auditTable = tableOfFields<Audit>('audit_log', {
  id: 'id',
  at: instant('at'),
  who: 'who',
  role: 'role',
  action: 'action',
  target: 'target',
  why: 'why',
  result: 'result',
  failed: 'failed',
  ended_at: instant('endedAt'),
  offset: recordOffset,
})

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

const usageTable = tableOfFields<ApiUsage>('api_usage', {
  hour: instant('hour'),
  by: 'by',
  caller: 'caller',
  dataset: 'dataset',
  requests: 'requests',
  last_at: instant('lastAt'),
})

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
