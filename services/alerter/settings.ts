import { z } from 'zod'
import {
  httpAddress,
  kafkaSettings,
  readerSettings,
  registrySettings,
  serviceSettings,
} from '#platform/process/config.ts'

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

/** What rules with queries need. */
export const querySettings = {
  ...readerSettings,
  CLICKHOUSE_URL: httpAddress.optional().describe('the store; without it no rule with a query is judged'),
  ALERT_SQL_SHARE: z.coerce
    .number()
    .min(0.001)
    .max(1)
    .default(0.05)
    .describe("which part of the store's time the queries of all rules of an owner may take"),
}

export const alerterSettings = {
  ...{ ...kafkaSettings, ...registrySettings, ...serviceSettings },
  ...{ ...alertSettings, ...querySettings },
}
