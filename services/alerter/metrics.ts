import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** Adds what the alerter measures. */
export function alertMetrics(registry: Registry) {
  const registers = [registry]
  return {
    transitions: new Counter({
      name: 'tidemark_alert_transitions_total',
      help: 'Transitions of alert rules, by kind (firing, resolved, ...)',
      labelNames: ['kind', 'severity'] as const,
      registers,
    }),
    judged: new Histogram({
      name: 'tidemark_alert_judge_seconds',
      help: 'Time from a point becoming known until rules have judged it; replays are left out',
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300],
      registers,
    }),
    heartbeat: new Gauge({
      name: 'tidemark_alerter_heartbeat_seconds',
      help: 'Unix time at which the alerter was last able to judge and to send; an alert on its age is the dead man',
      registers,
    }),
    attempts: new Counter({
      name: 'tidemark_alert_attempts_total',
      help: 'Attempts to send a message of alerts, by kind of endpoint and result',
      labelNames: ['kind', 'result'] as const,
      registers,
    }),
    waiting: new Gauge({ name: 'tidemark_alert_messages_waiting', help: 'Messages that were not sent yet', registers }),
    disabled: new Gauge({ name: 'tidemark_alert_endpoints_disabled', help: 'Endpoints that are disabled', registers }),
    memory: new Gauge({
      name: 'tidemark_alert_series_bytes',
      help: 'Memory of the series that rules name, bytes',
      registers,
    }),
    rules: new Gauge({ name: 'tidemark_alert_rules', help: 'Rules that are valid', registers }),
    queries: new Histogram({
      name: 'tidemark_alert_query_seconds',
      help: 'How long the queries of rules took, by result (rows or failed)',
      labelNames: ['result'] as const,
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10],
      registers,
    }),
    stretch: new Gauge({
      name: 'tidemark_alert_query_stretch',
      help: 'How many times longer than asked the queries of an owner wait, to stay within its share; 1: as asked',
      labelNames: ['owner'] as const,
      registers,
    }),
    series: new Gauge({ name: 'tidemark_alert_series', help: 'Series that rules name', registers }),
  }
}
