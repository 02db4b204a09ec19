// The alert rules and silences of now, from Kafka.
import { listRules } from '#operations/alerts/rules.ts'
import { listSilences } from '#operations/alerts/silences.ts'
import type { AlertRule, AlertSilence } from '#schemas/generated/records.ts'
import type { ApiParts } from './parts.ts'
import { remembered } from './remembered.ts'

export interface RememberedAlerts {
  /** As of a second ago. */
  rules: () => Promise<AlertRule[]>
  silences: () => Promise<AlertSilence[]>
  /** Whoever asks after a change sees it. */
  forget: () => void
}

const forMs = 1_000

export function rememberedAlerts({ raw: { kafka, registry }, log }: ApiParts): RememberedAlerts {
  const parts = { kafka, registry, log }
  const reader = () => ({
    rules: remembered(forMs, () => listRules(parts)),
    silences: remembered(forMs, () => listSilences(parts)),
  })
  let reads = reader()
  return {
    rules: () => reads.rules(),
    silences: () => reads.silences(),
    forget: () => {
      reads = reader()
    },
  }
}
