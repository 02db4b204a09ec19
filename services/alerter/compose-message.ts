import { z } from 'zod'
import { describeEvent } from '#core/alerts/describe-rule.ts'
import { eventData } from '#core/alerts/event-data.ts'
import type { AlertMessage } from '#platform/delivery/message.ts'
import { printable } from '#platform/process/printable.ts'
import type { AlertDelivery, AlertEvent } from '#schemas/generated/records.ts'

/** What a delivery keeps of its message. It is written before the first attempt, so all attempts send the same bytes. */
export type MessageBody = Omit<AlertMessage, 'id'> & { events: AlertEvent[] }

/** How many transitions a message spells out at most, and how long they may be. A webhook takes less than 20 kB. */
export const maxListed = 20
const maxDataBytes = 18_000
const maxTextChars = 7_500
const maxSubjectChars = 250
/** Titles and keys are shorter. What upstream said may be of any length. */
const maxWordChars = 500

/**
 * Composes the message of transitions. Pure.
 * @param eventIds all transitions that the message tells, oldest first
 * @param events those that are at hand, oldest first; as many of them are spelled out as fit
 */
export function composeMessage(eventIds: readonly string[], events: readonly AlertEvent[], atMs: number): MessageBody {
  const listed = firstThatFit(events.slice(0, maxListed).map(shortened))
  const more = eventIds.length - listed.length
  const [first] = listed
  const lines = listed.map((event) => `${describeEvent(event)}.`)
  if (more > 0) lines.push(`And ${more} more.`)
  if (first) lines.push(`\`npx tidemark alerts explain ${first.id}\` shows the numbers and the bytes.`)
  const references = eventIds.length === 1 && first?.firingId
  return {
    atMs,
    type: first === undefined || eventIds.length > 1 ? 'alert.several' : `alert.${first.kind}`,
    subject: cut(printable(subjectOf(first, eventIds.length)), maxSubjectChars),
    text: lines.join('\n'),
    data: { count: eventIds.length, more: Math.max(0, more), events: listed.map(eventData) },
    events: listed,
    ...(references && { references }),
  }
}

/**
 * Returns the transitions that a message spells out. undefined: the body is not one that this alerter reads.
 * What stands on Kafka may have been written by anybody.
 */
export function listedEvents({ body }: Pick<AlertDelivery, 'body'>): AlertEvent[] | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return undefined
  }
  const events = parsed !== null && typeof parsed === 'object' && 'events' in parsed ? parsed.events : undefined
  return Array.isArray(events) && events.every(isEvent) ? events : undefined
}

const eventParts = z.object({
  ...{ id: z.string(), kind: z.string(), ruleId: z.string(), dataset: z.string(), key: z.string() },
  ...{ firingId: z.string().nullable(), endsAt: z.number().nullable(), at: z.number() },
})
const isEvent = (event: unknown): event is AlertEvent => eventParts.safeParse(event).success

/** Returns whether a transition is the end of what an earlier one began. Pure. */
export const isEnd = ({ kind }: Pick<AlertEvent, 'kind'>): boolean =>
  kind === 'resolved' || kind === 'cancelled' || kind === 'known'

/** Returns the first transitions as far as they fit together, and the very first one in any case. */
function firstThatFit(events: readonly AlertEvent[]): AlertEvent[] {
  let bytes = 0
  let chars = 0
  const tooMuch = events.findIndex((event) => {
    bytes += Buffer.byteLength(JSON.stringify(eventData(event))) + 1
    chars += describeEvent(event).length + 2
    return bytes > maxDataBytes || chars > maxTextChars
  })
  return tooMuch < 0 ? [...events] : events.slice(0, Math.max(1, tooMuch))
}

const cut = (text: string, maxChars: number): string => {
  if (text.length <= maxChars) return text
  // A character beyond the 16-bit ones is not cut in two.
  return `${text.slice(0, maxChars - 1).replace(/[\ud800-\udbff]$/, '')}…`
}

const shortened = (event: AlertEvent): AlertEvent => ({
  ...event,
  ...{ title: cut(event.title, maxWordChars), dataset: cut(event.dataset, maxWordChars) },
  ...{ key: cut(event.key, maxWordChars), unit: cut(event.unit, maxWordChars) },
  detail: event.detail === null ? null : cut(event.detail, maxWordChars),
})

function subjectOf(first: AlertEvent | undefined, count: number): string {
  if (first === undefined) return `${count} alerts`
  const series = [first.dataset, first.key].filter((part) => part !== '').join(' ')
  const more = count > 1 ? ` and ${count - 1} more` : ''
  return `[${first.severity}] ${first.title}: ${first.kind} ${series}${more}`
}
