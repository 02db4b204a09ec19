import { openAddressGuard } from '#platform/delivery/address-guard.ts'
import { sendEmail } from '#platform/delivery/email.ts'
import type { AlertMessage, DeliveryResult } from '#platform/delivery/message.ts'
import { secretsInUse } from '#platform/delivery/signing-secret.ts'
import { sendWebhook } from '#platform/delivery/webhook.ts'
import type { AlertEndpoint } from '#schemas/generated/records.ts'

export interface DeliverySettings {
  ALERT_MASTER_KEY?: string | undefined
  ALERT_ALLOWED_NETWORKS: string
  ALERT_SMTP_URL?: string | undefined
  ALERT_MAIL_FROM?: string | undefined
}

export function openDelivery(settings: DeliverySettings) {
  const { ALERT_MASTER_KEY, ALERT_ALLOWED_NETWORKS, ALERT_SMTP_URL: smtpUrl, ALERT_MAIL_FROM: from } = settings
  const allowed = ALERT_ALLOWED_NETWORKS.split(',').flatMap((part) => part.trim() || [])
  const guard = openAddressGuard({ allowed })
  const masterKey = ALERT_MASTER_KEY === undefined ? undefined : Buffer.from(ALERT_MASTER_KEY, 'base64')
  return async (endpoint: AlertEndpoint, message: AlertMessage): Promise<DeliveryResult> => {
    if (endpoint.kind === 'email') {
      if (smtpUrl === undefined || from === undefined) return missing('ALERT_SMTP_URL and ALERT_MAIL_FROM')
      return sendEmail({ smtpUrl, from }, endpoint.address, message)
    }
    if (masterKey === undefined) return missing('ALERT_MASTER_KEY')
    const { id, keyGeneration: generation, rotatedAt } = endpoint
    const secrets = secretsInUse(masterKey, { id, generation, rotatedAtMs: rotatedAt ?? 0 }, Date.now())
    return sendWebhook({ url: endpoint.address, secrets }, message, { guard })
  }
}

const missing = (settings: string): DeliveryResult => ({ kind: 'failed', reason: `the alerter lacks ${settings}` })
