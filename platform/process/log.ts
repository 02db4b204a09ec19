import { type Logger, pino } from 'pino'
import { traceFields } from '../tracing/trace.ts'

export type { Logger }

const secrets = [
  ...['password', 'authorization', 'cookie'],
  ...['KAFKA_PASSWORD', 'CLICKHOUSE_PASSWORD', 'SCHEMA_REGISTRY_PASSWORD', 'OIDC_CLIENT_SECRET'],
  ...['ALERT_MASTER_KEY', 'ALERT_SMTP_URL'],
]

/**
 * Creates the process's logger: JSON lines on stdout, ISO 8601 UTC times, and `***` in place of passwords. A line that is
 * written within a trace has its `trace_id`.
 */
export function createLogger(service: string, level: string): Logger {
  return pino({
    level,
    base: { service },
    mixin: traceFields,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: secrets.map((name) => `*.${name}`), censor: '***' },
  })
}
