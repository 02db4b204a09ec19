import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  return { registry, ...pollMetrics(registers), ...hostMetrics(registers), ...memoryMetrics(registers) }
}

function pollMetrics(registers: Registry[]) {
  return {
    polls: new Counter({
      name: 'tidemark_polls_total',
      help: 'Polls by dataset, lane and outcome (changed, unchanged, empty, emptied, refused, unreadable, failed)',
      labelNames: ['dataset', 'lane', 'outcome'],
      registers,
    }),
    retriedPolls: new Counter({
      name: 'tidemark_retried_polls_total',
      help: 'Polls of a window whose poll before had failed',
      labelNames: ['dataset'],
      registers,
    }),
    responses: new Counter({
      name: 'tidemark_poll_responses_total',
      help: 'Polls by host and HTTP status: 2xx, 304, 3xx, 418, 429, 4xx, 5xx, or none if no response came',
      labelNames: ['host', 'status'],
      registers,
    }),
    pollDuration: new Histogram({
      name: 'tidemark_poll_duration_seconds',
      help: 'Real seconds from sending a request to the last byte of its answer, or its failure',
      // By host: a histogram for each dataset would be a quarter of all series.
      labelNames: ['host'],
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 90],
      registers,
    }),
    rawBytes: new Counter({
      name: 'tidemark_raw_bytes_total',
      help: 'Bytes of answers written to raw, before compression',
      labelNames: ['dataset'],
      registers,
    }),
    rawRecords: new Counter({
      name: 'tidemark_raw_records_total',
      help: 'Answers written to raw',
      labelNames: ['dataset'],
      registers,
    }),
    lastGoodPoll: new Gauge({
      name: 'tidemark_last_good_poll_timestamp_seconds',
      help: 'Known-at of the newest good answer of a dataset, changed or not, in seconds since 1970',
      labelNames: ['dataset'],
      registers,
    }),
    droppedAnswers: new Counter({
      name: 'tidemark_dropped_answers_total',
      help: 'Answers that came after the partition was taken away and were not published',
      labelNames: ['dataset'],
      registers,
    }),
  }
}

function hostMetrics(registers: Registry[]) {
  return {
    sentLastMinute: new Gauge({
      name: 'tidemark_budget_sent_last_minute_requests',
      help: 'Requests that count towards the sliding minute of a host, at the newest poll',
      labelNames: ['host'],
      registers,
    }),
    requestLimit: new Gauge({
      name: 'tidemark_budget_limit_requests',
      help: 'Maximum number of requests to a host in a sliding minute',
      labelNames: ['host'],
      registers,
    }),
    waitingForBudget: new Gauge({
      name: 'tidemark_budget_waiting_requests',
      help: 'Requests that are due and wait for the request budget of a host alone, as of the past minute',
      labelNames: ['host'],
      registers,
    }),
    dueRequests: new Gauge({
      name: 'tidemark_due_requests',
      help: 'Requests to a host that are due and not sent, for whatever reason, as of the past minute',
      labelNames: ['host'],
      registers,
    }),
    unreachableSince: new Gauge({
      name: 'tidemark_host_unreachable_timestamp_seconds',
      help: 'Since when no connection to a host can be made, in seconds since 1970; 0 if it can be reached',
      labelNames: ['host'],
      registers,
    }),
    inFlight: new Gauge({
      name: 'tidemark_in_flight_requests',
      help: 'Requests to a host that are under way',
      labelNames: ['host'],
      registers,
    }),
    hostPaused: new Gauge({
      name: 'tidemark_host_pause_seconds',
      help: 'How long a host that asked for it is left alone, as of when it asked; 0 when somebody lifted the pause',
      labelNames: ['host'],
      registers,
    }),
  }
}

function memoryMetrics(registers: Registry[]) {
  return {
    adoptedAnswers: new Counter({
      name: 'tidemark_adopted_answers_total',
      help: 'Answers that were found in raw without their poll, which a crash left behind, and whose poll was recorded',
      labelNames: ['dataset'],
      registers,
    }),
    completedLogs: new Counter({
      name: 'tidemark_completed_logs_total',
      help: 'Polls that the memory held and the log lacked, which a crash left behind, and that were written to the log',
      labelNames: ['dataset'],
      registers,
    }),
    unreadableRecords: new Counter({
      name: 'tidemark_unreadable_memory_records_total',
      help: 'Records of poller-memory and poll-requests that could not be read or name no known dataset, and were passed over',
      labelNames: ['topic'],
      registers,
    }),
    memoriesAhead: new Counter({
      name: 'tidemark_memories_from_the_future_total',
      help: 'Request identities of which a poll says that it was made more than a day ahead of the clock',
      registers,
    }),
    ownedPartitions: new Gauge({
      name: 'tidemark_owned_partitions',
      help: 'Partitions of poller-memory that this poller owns',
      registers,
    }),
  }
}

/** Returns the value of the label `status` for an HTTP status; null stands for no response. */
export function statusLabel(status: number | null): string {
  if (status === null) return 'none'
  return [304, 418, 429].includes(status) ? `${status}` : `${Math.floor(status / 100)}xx`
}

export type Metrics = ReturnType<typeof createMetrics>
