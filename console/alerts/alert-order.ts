import type { AlertEvent } from './records.ts'

const severities = ['critical', 'warning', 'info']

type Ranked = Pick<AlertEvent, 'severity' | 'at'>

/** Returns alerts in the order in which one reads them: the severest first, then those told last. Pure. */
export const alertsInOrder = <Alert extends Ranked>(alerts: readonly Alert[]): Alert[] =>
  alerts.toSorted(
    (one, other) =>
      severities.indexOf(one.severity) - severities.indexOf(other.severity) ||
      Date.parse(other.at) - Date.parse(one.at),
  )
