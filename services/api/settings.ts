import { z } from 'zod'
import { connectionSettings, readServiceConfig, serviceSettings } from '#platform/process/config.ts'

export const apiSettings = {
  ...connectionSettings,
  ...serviceSettings,
  API_HOST: z.string().default('127.0.0.1').describe('the address on which the API listens'),
  API_PORT: z.coerce.number().int().min(0).max(65535).default(0).describe('the port of the API; 0: any free port'),
  API_PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'an http or https address such as https://tidemark.example' })
    .optional()
    .describe('the address at which others reach the API, for example through a proxy with TLS'),
  API_ANONYMOUS: z
    .enum(['on', 'off'])
    .default('on')
    .describe('whether requests without credentials may read; only on loopback'),
  CLICKHOUSE_READER_USER: z.string().default('reader').describe('the read-only user of the store'),
  CLICKHOUSE_READER_PASSWORD: z.string().default('').describe('the password of the read-only user of the store'),
  POLLER_URL: z.string().optional().describe('the health address of the poller, for budgets and backfills'),
}

export type ApiConfig = Readonly<z.infer<z.ZodObject<typeof apiSettings>>>

/** Reads the settings. Exits with code 2 if a setting is invalid. */
export const readApiConfig = (): ApiConfig => readServiceConfig(apiSettings)
