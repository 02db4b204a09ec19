import { printable } from '#platform/process/printable.ts'
import { utcText } from '#platform/process/utc-text.ts'
import type { AlertSilence } from '#schemas/generated/records.ts'
import { aligned } from '../aligned.ts'

/** Returns a line a silence, below a headline, with how many alerts each holds back. Pure. */
export function silenceLines(silences: readonly AlertSilence[], held: ReadonlyMap<string, number>): string[] {
  const head = ['id', 'rule', 'series', 'until', 'holds back', 'why', 'by']
  const rows = silences.map(({ id, rule, dataset, key, untilAt, why, createdBy }) =>
    [id, rule, `${dataset} ${key}`, `${utcText(untilAt)}`, `${held.get(id) ?? 0}`, why, createdBy].map(printable),
  )
  return aligned([head, ...rows])
}
