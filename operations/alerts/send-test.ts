import { writeRecord } from '#platform/kafka/write-record.ts'
import { alertEventsTopic } from '#schemas/alert-topics.ts'
import type { AlertEvent } from '#schemas/generated/records.ts'
import { findEndpoint } from './endpoints.ts'
import type { AlertParts } from './rules.ts'

/** Asks the alerter to send a message to an endpoint. Returns its id. @throws UserError if there is no such endpoint */
export async function sendTest(parts: AlertParts, endpoint: string, by: string): Promise<string> {
  const { owner } = await findEndpoint(parts, endpoint)
  const nowMs = Date.now()
  const id = crypto.randomUUID().replaceAll('-', '')
  const event: AlertEvent = {
    ...{ id, kind: 'test', ruleId: 'test', ruleVersion: 0, title: 'A test of this endpoint', owner, severity: 'info' },
    ...{ dataset: '', key: endpoint, unit: '', onsetAt: nowMs, endsAt: null, firingId: null, pointAt: nowMs },
    ...{ value: null, compared: null, reference: null, samples: null, expected: null, knownAt: nowMs },
    ...{ rawPartition: -1, rawOffset: -1, detail: `sent by ${by}`, at: nowMs },
  }
  await writeRecord(parts, alertEventsTopic, event.ruleId, event)
  return id
}
