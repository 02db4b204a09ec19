// Messages that are about no transition: a silence ends soon, an endpoint was disabled.
import { idOf } from '#core/alerts/transition.ts'
import { printable } from '#platform/process/printable.ts'
import type { AlertDelivery, AlertEndpoint, AlertEvent, AlertSilence } from '#schemas/generated/records.ts'
import { composeMessage, type MessageBody } from './compose-message.ts'

const minuteMs = 60_000
/** What the group of each of these messages begins with. */
export const noticeGroup = 'notice '
/** Receivers read a list of transitions in each message. */
const none = { count: 0, more: 0, events: [] }

/** Returns whether a silence ends so soon that its end is announced: a tenth of its time before, 15 minutes at most. */
export function endsSoon({ fromAt, untilAt }: AlertSilence, nowMs: number): boolean {
  const aheadMs = Math.min(15 * minuteMs, (untilAt - fromAt) / 10)
  return nowMs >= untilAt - aheadMs && nowMs < untilAt
}

/** Returns the message that a silence ends while alerts go on that it holds back from an endpoint. Pure. */
export function silenceEnding(
  silence: AlertSilence,
  endpoint: string,
  events: readonly AlertEvent[],
  nowMs: number,
): AlertDelivery {
  const { id, untilAt, why } = silence
  const until = new Date(untilAt).toISOString()
  const ids = events.map((event) => event.id)
  const { text, data, ...rest } = composeMessage(ids, events, nowMs)
  const count = events.length === 1 ? 'an alert goes on' : `${events.length} alerts go on`
  const says = `The silence ${id} (${why}) ends at ${until}, and ${count}. It is told then, unless it has ended. To go on in silence: \`npx tidemark alerts silence\`.`
  const body: MessageBody = {
    ...{ ...rest, type: 'alert.silence-ends', subject: printable(`Silence ${id} ends at ${until}: ${count}`) },
    ...{ text: `${printable(says)}\n${text}`, data: { silence: { id, until, why }, ...data } },
  }
  return noticeOf(['silence-ends', id, untilAt, endpoint], endpoint, body, nowMs)
}

/** Returns the message that an endpoint is disabled, for another one of its owner. Pure. */
export function endpointDisabled(disabled: AlertEndpoint, why: string, endpoint: string, nowMs: number): AlertDelivery {
  const { id, kind, changedAt } = disabled
  const says = `The endpoint ${id} (${kind}) gets no alerts any more: ${why}. \`npx tidemark alerts endpoint add ${id}\` saves it anew, \`send-test\` tries it.`
  const body: MessageBody = {
    ...{ atMs: nowMs, type: 'alert.endpoint-disabled', subject: `The endpoint ${id} is disabled` },
    ...{ text: printable(says), data: { endpoint: { id, kind, why }, ...none }, events: [] },
  }
  return noticeOf(['endpoint-disabled', id, changedAt, endpoint], endpoint, body, nowMs)
}

/** @param names what makes the message another one; whoever composes it again gets the same id */
function noticeOf(names: unknown[], endpoint: string, body: MessageBody, nowMs: number): AlertDelivery {
  const id = idOf(names)
  return {
    ...{
      id,
      endpoint,
      group: `${noticeGroup}${id}`,
      eventIds: [id],
      body: JSON.stringify(body),
      state: 'open',
      attempts: 0,
    },
    ...{ createdAt: nowMs, dueAt: nowMs, endedAt: null, detail: null },
  }
}
