import type { AlertEvent } from '#schemas/generated/records.ts'

/** Returns what programs read of a transition, by webhook and by stream. Times are ISO 8601 in UTC. */
export const eventData = (event: AlertEvent): Record<string, unknown> => ({
  ...{ id: event.id, kind: event.kind, rule: event.ruleId, rule_version: event.ruleVersion, title: event.title },
  ...{ severity: event.severity, dataset: event.dataset, key: event.key, unit: event.unit },
  ...{ onset_at: iso(event.onsetAt), ends_at: iso(event.endsAt), firing_id: event.firingId },
  ...{ point_at: iso(event.pointAt), value: event.value, compared: event.compared, reference: event.reference },
  ...{ samples: event.samples, expected: event.expected, known_at: iso(event.knownAt), detail: event.detail },
})

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
