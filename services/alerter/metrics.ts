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
    attempts: new Counter({
      name: 'tidemark_alert_attempts_total',
      help: 'Attempts to send a message of alerts, by kind of endpoint and result',
      labelNames: ['kind', 'result'] as const,
      registers,
    }),
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
  }
}

/** What the alerter is at the moment. */
export interface AlerterState {
  /** The series that rules name: their memory, bytes, and their number. */
  loads: () => { bytes: number; series: number }[]
  rules: () => number
  waiting: () => number
  disabled: () => number
  /** When records were last judged and messages routed, ms UTC. */
  heartbeatMs: () => number
}

/** Adds what is looked up when somebody asks for the metrics. */
export function measureState(registry: Registry, state: AlerterState): void {
  const total = (figures: number[]): number => figures.reduce((sum, each) => sum + each, 0)
  const gauges: [string, string, () => number][] = [
    ['tidemark_alert_messages_waiting', 'Messages that were not sent yet', state.waiting],
    ['tidemark_alert_endpoints_disabled', 'Endpoints that are disabled', state.disabled],
    ['tidemark_alert_rules', 'Rules that are valid', state.rules],
    ['tidemark_alert_series', 'Series that rules name', () => total(state.loads().map(({ series }) => series))],
    [
      'tidemark_alert_series_bytes',
      'Memory of the series that rules name, bytes',
      () => total(state.loads().map(({ bytes }) => bytes)),
    ],
    [
      'tidemark_alerter_heartbeat_seconds',
      'Unix time at which the alerter last kept up with its topics; an alert on its age is the dead man',
      () => Math.floor(state.heartbeatMs() / 1_000),
    ],
  ]
  for (const [name, help, value] of gauges) {
    new Gauge({
      ...{ name, help, registers: [registry] },
      collect() {
        this.set(value())
      },
    })
  }
}
