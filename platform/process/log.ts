import { type Logger, pino } from 'pino'

export type { Logger }

/** The one logger of a process: JSON lines on stdout, times in ISO UTC, secrets redacted in this list and nowhere else. */
export function createLogger(service: string, level: string): Logger {
  return pino({
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: ['*.password', '*.authorization', '*.KAFKA_PASSWORD', '*.CLICKHOUSE_PASSWORD'], censor: '***' },
  })
}
