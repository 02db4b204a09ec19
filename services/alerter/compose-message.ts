import { describeEvent } from '#core/alerts/describe-rule.ts'
import type { AlertMessage } from '#platform/delivery/message.ts'
import type { AlertEvent } from '#schemas/generated/records.ts'

/** What a delivery keeps of its message. It is written before the first attempt, so all attempts send the same bytes. */
export type MessageBody = Omit<AlertMessage, 'id'> & { events: AlertEvent[] }

/** How much a message spells out, in transitions and in bytes. A body of a webhook must stay below 20 kB. */
const maxListed = 20
const maxEventBytes = 18_000
const bytesOf = (events: readonly AlertEvent[]): number => Buffer.byteLength(JSON.stringify(events.map(dataOf)))
const maxTextChars = 8_000

/**
 * Composes the message of transitions. Pure.
 * @param eventIds all transitions that the message tells, oldest first
 * @param events those that are at hand, oldest first; the first of them are spelled out
 */
export function composeMessage(eventIds: readonly string[], events: readonly AlertEvent[], atMs: number): MessageBody {
  const listed = events.slice(0, maxListed)
  while (listed.length > 1 && bytesOf(listed) > maxEventBytes) listed.pop()
  const more = eventIds.length - listed.length
  const [first] = listed
  const lines = listed.map((event) => `${describeEvent(event)}.`)
  if (more > 0) lines.push(`And ${more} more.`)
  const explain = first ? [`\`npx tidemark alerts explain ${first.id}\` shows the numbers and the bytes.`] : []
  const references = listed.length === 1 && first?.firingId
  return {
    atMs,
    type: first === undefined || eventIds.length > 1 ? 'alert.several' : `alert.${first.kind}`,
    subject: subjectOf(first, eventIds.length),
    text: [...lines, ...explain].join('\n').slice(0, maxTextChars),
    data: { count: eventIds.length, more: Math.max(0, more), events: listed.map(dataOf) },
    events: listed,
    ...(references && { references }),
  }
}

function subjectOf(first: AlertEvent | undefined, count: number): string {
  if (first === undefined) return `${count} alerts`
  const series = [first.dataset, first.key].filter((part) => part !== '').join(' ')
  const more = count > 1 ? ` and ${count - 1} more` : ''
  return `[${first.severity}] ${first.title}: ${first.kind} ${series}${more}`
}

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

/** What programs read of a transition. Times are ISO 8601 in UTC. */
const dataOf = (event: AlertEvent): Record<string, unknown> => ({
  ...{ id: event.id, kind: event.kind, rule: event.ruleId, rule_version: event.ruleVersion, title: event.title },
  ...{ severity: event.severity, dataset: event.dataset, key: event.key, unit: event.unit },
  ...{ onset_at: iso(event.onsetAt), ends_at: iso(event.endsAt), firing_id: event.firingId },
  ...{ point_at: iso(event.pointAt), value: event.value, compared: event.compared, reference: event.reference },
  ...{ samples: event.samples, expected: event.expected, known_at: iso(event.knownAt), detail: event.detail },
})
