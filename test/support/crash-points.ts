// Where the alerter is killed: at each moment that the product names, for each topic that it consumes.
import type { Moment } from '#platform/process/moments.ts'
import { alertEventsTopic } from '#schemas/alert-topics.ts'
import { completenessTopic } from '#schemas/completeness-topics.ts'
import { timeseriesTopic } from '#schemas/topics.ts'

export interface CrashPoint {
  moment: Moment
  /** The topic of the batch, or the id of the endpoint. */
  of: string
  /** What brings the alerter there: a value, or what became of a window. */
  by: 'value' | 'window'
  /** How often the webhook gets the message. */
  arrivals: { least: number; most: number }
}

/** Where the webhook of every rule stands, and one that ends with the first message. */
export const hookId = 'hook'
export const goneHookId = 'gone'

const judged: Moment[] = ['outputs-made', 'outputs-partly-acknowledged', 'outputs-acknowledged', 'offset-committed']
/** Messages have one topic, so their outputs are never acknowledged in part. */
const routed: Moment[] = ['outputs-made', 'outputs-acknowledged', 'offset-committed']

const once = { least: 1, most: 1 }
/** The message may be on its way when the process dies. */
const onceOrTwice = { least: 1, most: 2 }
const twice = { least: 2, most: 2 }

export const crashPoints: readonly CrashPoint[] = [
  ...judged.map((moment): CrashPoint => {
    return { moment, of: timeseriesTopic('kraken').name, by: 'value', arrivals: onceOrTwice }
  }),
  ...judged.map((moment): CrashPoint => {
    return { moment, of: completenessTopic.name, by: 'window', arrivals: onceOrTwice }
  }),
  ...routed.map((moment): CrashPoint => {
    return { moment, of: alertEventsTopic.name, by: 'value', arrivals: onceOrTwice }
  }),
  { moment: 'attempt-begins', of: hookId, by: 'value', arrivals: once },
  { moment: 'attempt-made', of: hookId, by: 'value', arrivals: twice },
  { moment: 'outcome-acknowledged', of: hookId, by: 'value', arrivals: once },
  // The message of the other webhook may be on its way, too.
  { moment: 'endpoint-disabled', of: goneHookId, by: 'value', arrivals: onceOrTwice },
]
