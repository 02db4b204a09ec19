import { z } from 'zod'
import { kafkaSettings, registrySettings, serviceSettings } from '#platform/process/config.ts'

/** What whoever saves or tests an endpoint needs, too. */
export const alertSettings = {
  ALERT_MASTER_KEY: z
    .string()
    .regex(/^[A-Za-z0-9+/]{43,}={0,2}$/, '32 bytes or more in base64, as `openssl rand -base64 32` prints them')
    .optional()
    .describe('from which the signing secrets of webhooks are derived; without it no webhook is sent'),
  ALERT_ALLOWED_NETWORKS: z
    .string()
    .default('')
    .describe('private networks to which webhooks may be sent: 10.1.0.0/16, 127.0.0.0/8'),
  ALERT_SMTP_URL: z.string().optional().describe('the server that takes mail: smtps://user:password@mail.example.org'),
  ALERT_MAIL_FROM: z.string().optional().describe('the address that mail of alerts is from'),
}

export const alerterSettings = { ...kafkaSettings, ...registrySettings, ...serviceSettings, ...alertSettings }
