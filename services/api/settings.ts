import { z } from 'zod'
import {
  ConfigError,
  connectionSettings,
  orExit,
  readServiceConfig,
  serviceSettings,
} from '#platform/process/config.ts'

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
  API_REQUESTS_PER_MINUTE: z.coerce
    .number()
    .int()
    .min(1)
    .default(6_000)
    .describe('how many requests of a caller are answered in a minute'),
  API_PLAIN_HTTP: z
    .enum(['refused', 'allowed'])
    .default('refused')
    .describe('whether the API may listen beyond loopback although no address with https is known'),
  CLICKHOUSE_READER_USER: z.string().default('reader').describe('the read-only user of the store'),
  CLICKHOUSE_READER_PASSWORD: z.string().default('').describe('the password of the read-only user of the store'),
  NORMALIZER_URL: z.string().optional().describe('the health address of the normalizer, for replays'),
  POLLER_URL: z.string().optional().describe('the health address of the poller, for budgets and backfills'),
  SINK_URL: z.string().optional().describe('the health address of the sink, to say whether it runs'),
  MONITOR_URL: z.string().optional().describe('the health address of the monitor, to say whether it runs'),
}

export type ApiConfig = Readonly<z.infer<z.ZodObject<typeof apiSettings>>>

/** Reads the settings. Exits with code 2 if a setting is invalid. */
export const readApiConfig = (): ApiConfig => orExit(() => safeConfig(readServiceConfig(apiSettings)))

/** @throws ConfigError if tokens would travel beyond this machine without TLS, and nobody allowed that */
export function safeConfig(config: ApiConfig): ApiConfig {
  const { API_HOST: host, API_PUBLIC_URL: url, API_PLAIN_HTTP: plain } = config
  const isLoopback = /^(127\.|localhost$|::1$)/.test(host)
  if (isLoopback || plain === 'allowed' || url?.startsWith('https:')) return config
  throw new ConfigError(
    `API_HOST ${host} is not loopback, and tokens would travel without TLS: put a proxy with TLS in front and name it in API_PUBLIC_URL=https://…, or set API_PLAIN_HTTP=allowed where the network is yours alone.`,
  )
}
