import type { z } from 'zod'
import { openAddressGuard } from '#platform/delivery/address-guard.ts'
import { sendEmail } from '#platform/delivery/email.ts'
import type { AlertMessage, DeliveryResult } from '#platform/delivery/message.ts'
import { listedNetworks } from '#platform/delivery/reserved-networks.ts'
import { secretsInUse } from '#platform/delivery/signing-secret.ts'
import { sendWebhook } from '#platform/delivery/webhook.ts'
import type { AlertEndpoint } from '#schemas/generated/records.ts'
import type { alertSettings } from './settings.ts'

/** Returns the function that makes one attempt to send a message to an endpoint. @throws UserError for bad networks */
export function openDelivery(settings: z.infer<z.ZodObject<typeof alertSettings>>) {
  const { ALERT_MASTER_KEY, ALERT_ALLOWED_NETWORKS, ALERT_SMTP_URL: smtpUrl, ALERT_MAIL_FROM: from } = settings
  const guard = openAddressGuard({ allowed: listedNetworks(ALERT_ALLOWED_NETWORKS) })
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
