// Which messages are sent next. Receivers that answer slowly, or not at all, must not keep those of others waiting.
import type { AlertDelivery } from '#schemas/generated/records.ts'

/** An attempt that takes longer is a slow one, ms. */
const slowMs = 2_000
/** Attempts at once that are not slow, and all of them. */
const maxQuick = 8
const maxInAll = 64
/** Of all, those that are slow or try again: quick ones always find a slot. */
const maxSlow = maxInAll - maxQuick
/** All e-mail goes to one server. It may take few connections, and may be slow. */
const maxMails = 8
/** A message that was tried goes behind what is due within this time after it, ms. */
const triedGivesWayMs = 60_000

interface Attempt {
  begunMs: number
  /** A message that failed before is likely to fail again, after the longest time. */
  isAgain: boolean
  isMail: boolean
}

/**
 * The attempts that are under way. An endpoint has one at a time. An endpoint whose last attempt was slow, and a message
 * that was tried before, leave slots for the others. Pure, but for what it holds.
 */
export class SendSlots {
  /** By endpoint. */
  private readonly attempts = new Map<string, Attempt>()
  /** The endpoints whose last attempt was slow. */
  private readonly slow = new Set<string>()
  private readonly isMail: (endpoint: string) => boolean

  constructor(isMail: (endpoint: string) => boolean) {
    this.isMail = isMail
  }

  /**
   * Returns the deliveries to send now, and takes a slot for each of their endpoints.
   * @param waiting those that are on Kafka, oldest first
   * @param nowMs ms UTC
   */
  take(waiting: readonly AlertDelivery[], nowMs: number): AlertDelivery[] {
    const taken: AlertDelivery[] = []
    const held = { quick: 0, slow: 0, mails: 0 }
    const count = (endpoint: string, attempt: Attempt): void => {
      if (this.isSlow(endpoint, attempt, nowMs)) held.slow++
      else held.quick++
      if (attempt.isMail) held.mails++
    }
    for (const each of this.attempts) count(...each)
    for (const delivery of nextDeliveries(waiting, nowMs)) {
      if (held.quick + held.slow >= maxInAll) break
      const { endpoint, attempts } = delivery
      if (this.attempts.has(endpoint)) continue
      const attempt = { begunMs: nowMs, isAgain: attempts > 0, isMail: this.isMail(endpoint) }
      const isFull = this.isSlow(endpoint, attempt, nowMs) ? held.slow >= maxSlow : held.quick >= maxQuick
      if (isFull || (attempt.isMail && held.mails >= maxMails)) continue
      this.attempts.set(endpoint, attempt)
      count(endpoint, attempt)
      taken.push(delivery)
    }
    return taken
  }

  /** Says that an endpoint has answered, or has not in time. Its slot is still taken: the outcome is to be written. */
  answered(endpoint: string, nowMs: number): void {
    const attempt = this.attempts.get(endpoint)
    if (attempt !== undefined && nowMs - attempt.begunMs > slowMs) this.slow.add(endpoint)
    else this.slow.delete(endpoint)
  }

  free(endpoint: string): void {
    this.attempts.delete(endpoint)
  }

  /** One that takes too long becomes a slow one while it is under way, so that it leaves its slot to the quick ones. */
  private isSlow(endpoint: string, { begunMs, isAgain }: Attempt, nowMs: number): boolean {
    return isAgain || this.slow.has(endpoint) || nowMs - begunMs > slowMs
  }
}

/**
 * Returns the deliveries that may be sent now: of each group of an endpoint the oldest one alone, if it is due. What is
 * tried first comes before what failed a short time ago, and else what is due longer. Pure.
 */
export function nextDeliveries(waiting: readonly AlertDelivery[], nowMs: number): AlertDelivery[] {
  const first = new Map<string, AlertDelivery>()
  for (const delivery of waiting) {
    const name = `${delivery.endpoint}/${delivery.group}`
    if (!first.has(name)) first.set(name, delivery)
  }
  return [...first.values()].filter(({ dueAt }) => dueAt <= nowMs).toSorted((one, other) => turnOf(one) - turnOf(other))
}

const turnOf = ({ dueAt, attempts }: AlertDelivery): number => dueAt + (attempts > 0 ? triedGivesWayMs : 0)
