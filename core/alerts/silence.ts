import type { AlertEvent, AlertSilence } from '#schemas/generated/records.ts'
import { matches } from './rule.ts'

/** Returns whether a silence holds back an event at an instant, ms UTC. */
export const silencesEvent = (
  { rule, dataset, key, fromAt, untilAt }: AlertSilence,
  event: Pick<AlertEvent, 'ruleId' | 'dataset' | 'key'>,
  atMs: number,
): boolean =>
  fromAt <= atMs &&
  atMs < untilAt &&
  matches(rule, event.ruleId) &&
  matches(dataset, event.dataset) &&
  matches(key, event.key)
