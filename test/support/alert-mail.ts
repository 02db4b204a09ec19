// Records of alerts, and a mailroom whose messages Kafka acknowledges at once.
import type { AlertDelivery, AlertEndpoint, AlertEvent, AlertSilence } from '#schemas/generated/records.ts'
import type { Mailroom, Routing } from '#services/alerter/route-events.ts'

export const nowMs = Date.UTC(2026, 10, 1)

export const endpointRecord = (id: string): AlertEndpoint => ({
  ...{ id, kind: 'webhook', address: 'https://example.org', owner: 'o', keyGeneration: 1, rotatedAt: null },
  ...{ disabledAt: null, disabledWhy: null, changedAt: 0, changedBy: 'b' },
})

export const event = (id: string, partial: Partial<AlertEvent> = {}): AlertEvent => ({
  ...{ id, kind: 'firing', ruleId: 'r', ruleVersion: 1, title: 't', owner: 'o', severity: 'warning' },
  ...{ dataset: 'kraken.ticker', key: 'A.last', unit: 'USD', onsetAt: nowMs, endsAt: null, firingId: null },
  ...{ pointAt: nowMs, value: 1, compared: 1, reference: null, samples: null, expected: null, knownAt: nowMs },
  ...{ rawPartition: 0, rawOffset: 0, detail: null, at: nowMs, ...partial },
})

export function routingOf(tell: Record<string, readonly string[]>, silences: readonly AlertSilence[] = []): Routing {
  const endpoints = new Map(Object.values(tell).flatMap((ids) => ids.map((id) => [id, endpointRecord(id)] as const)))
  return { tell: (id) => tell[id] ?? [], endpoint: (id) => endpoints.get(id), silences: () => silences }
}

/** What is open, in the order in which it is told: the transitions of each message. */
export const open = (mailroom: Mailroom) => mailroom.waiting().map(({ eventIds }) => eventIds)

/** Routes, and lets Kafka acknowledge. */
export function route(
  mailroom: Mailroom,
  events: readonly AlertEvent[],
  routing: Routing,
  atMs: number,
): AlertDelivery[] {
  const written = mailroom.route(events, routing, atMs)
  mailroom.written(written)
  return written
}

export const sent = (delivery: AlertDelivery, atMs: number): AlertDelivery => ({
  ...{ ...delivery, state: 'sent', attempts: 1, endedAt: atMs },
})
