import { type Logger, pino } from 'pino'

export type { Logger }

/** Creates the process's logger: JSON lines on stdout, ISO 8601 UTC times, and `***` in place of passwords. */
export function createLogger(service: string, level: string): Logger {
  return pino({
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: ['*.password', '*.authorization', '*.KAFKA_PASSWORD', '*.CLICKHOUSE_PASSWORD'], censor: '***' },
  })
}
