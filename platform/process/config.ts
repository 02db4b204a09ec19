import { z } from 'zod'
import { settingSentences } from './setting-words.ts'

export class ConfigError extends Error {
  override name = 'ConfigError'
}

/** Reads settings from environment variables. An empty variable counts as not set. @throws ConfigError */
export function readConfig<Shape extends z.ZodRawShape>(
  shape: Shape,
  environment: NodeJS.ProcessEnv = process.env,
): Readonly<z.infer<z.ZodObject<Shape>>> {
  const given = Object.fromEntries(Object.keys(shape).map((name) => [name, environment[name] || undefined]))
  const parsed = z.object(shape).safeParse(given, { reportInput: true })
  if (parsed.success) return Object.freeze(parsed.data)
  const problems = settingSentences(shape, parsed.error, given)
  throw new ConfigError(`Settings do not fit (environment variables):\n  ${problems.join('\n  ')}`)
}

/** Like readConfig(), but exits: with code 2 after printing errors, with code 0 if `--check-config` finds no errors. */
export function readServiceConfig<Shape extends z.ZodRawShape>(shape: Shape): Readonly<z.infer<z.ZodObject<Shape>>> {
  const config = orExit(() => readConfig(shape))
  if (process.argv.includes('--check-config')) process.exit(0)
  return config
}

/** Returns the result of `read`. On a ConfigError, prints its message and exits with code 2. */
export function orExit<Config>(read: () => Config): Config {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(2)
  }
}

/** An http or https URL. Without `protocol`, `localhost:8123` would pass as a URL of the scheme `localhost`. */
export const httpAddress = z.url({ protocol: /^https?$/, error: 'an http or https address such as http://host:1234' })

export const kafkaSettings = {
  KAFKA_BROKERS: z.string({ error: 'host:port, comma separated' }),
  KAFKA_TLS: z.stringbool().default(false),
  KAFKA_SASL_MECHANISM: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional(),
  KAFKA_USERNAME: z.string().optional(),
  KAFKA_PASSWORD: z.string().optional(),
}

export const registrySettings = {
  SCHEMA_REGISTRY_URL: httpAddress,
  SCHEMA_REGISTRY_USERNAME: z.string().optional(),
  SCHEMA_REGISTRY_PASSWORD: z.string().optional(),
}

export const connectionSettings = {
  ...kafkaSettings,
  ...registrySettings,
  CLICKHOUSE_URL: httpAddress,
  CLICKHOUSE_USER: z.string().default('default'),
  CLICKHOUSE_PASSWORD: z.string().default(''),
}

/** The account of whoever only reads the store. */
export const readerSettings = {
  CLICKHOUSE_READER_USER: z.string().default('reader').describe('the read-only user of the store'),
  CLICKHOUSE_READER_PASSWORD: z.string().default('').describe('the password of the read-only user of the store'),
}

export type ConnectionConfig = Readonly<z.infer<z.ZodObject<typeof connectionSettings>>>

export const tracingSettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: httpAddress.optional().describe('where traces are sent'),
  /** OpenTelemetry's exporter reads this one from the environment. */
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .optional()
    .describe('headers with which traces are sent: name=value,name=value'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(0.05).describe('which part of the polls is traced'),
}

/** HEALTH_PORT is the port of /live, /ready, /metrics and /status. 0 means any free port. */
export const serviceSettings = {
  HEALTH_HOST: z.string().default('127.0.0.1'),
  HEALTH_PORT: z.coerce.number().int().min(0).max(65535).default(0),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('how much the services log'),
  /** Base URL of the simulator. If set, the service follows the simulator's clock. */
  SIMULATOR_URL: httpAddress.optional(),
  ...tracingSettings,
}
