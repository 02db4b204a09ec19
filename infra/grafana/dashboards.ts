// The dashboards of Grafana. generate.ts makes their JSON.

import { type Dashboard, lines, rows, stat } from './panel.ts'
import { trust } from './trust-dashboard.ts'

const sources: Dashboard = {
  name: 'sources',
  title: 'Tidemark: sources',
  description: 'How the upstreams answer, and how much of their request budgets is used.',
  choices: [
    { label: 'dataset', metric: 'tidemark_polls_total' },
    { label: 'host', metric: 'tidemark_budget_limit_requests' },
  ],
  panels: [
    lines(
      'Polls by outcome',
      'reqps',
      'sum by (outcome) (rate(tidemark_polls_total{dataset=~"$dataset"}[$__rate_interval]))',
      '{{outcome}}',
      'Completed polls per second. failed: no usable answer came.',
    ),
    lines(
      'Answers by status',
      'reqps',
      'sum by (host, status) (rate(tidemark_poll_responses_total{host=~"$host"}[$__rate_interval]))',
      '{{host}} {{status}}',
      'Polls per second by HTTP status. none: no response came.',
    ),
    lines(
      'Share of polls that fail',
      'percentunit',
      'tidemark:poll_failures:ratio_rate15m{dataset=~"$dataset"}',
      '{{dataset}}',
      'Over 15 minutes.',
    ),
    lines(
      'Retries',
      'reqps',
      'sum by (dataset) (rate(tidemark_retried_polls_total{dataset=~"$dataset"}[$__rate_interval]))',
      '{{dataset}}',
      'Polls per second of windows whose poll before had failed.',
    ),
    lines(
      'Duration of polls, 95 %',
      's',
      'histogram_quantile(0.95, sum by (host, le) (rate(tidemark_poll_duration_seconds_bucket{host=~"$host"}[$__rate_interval])))',
      '{{host}}',
      'From sending a request to the last byte of its answer.',
    ),
    lines(
      'Used budget',
      'percentunit',
      'tidemark:budget_used:ratio{host=~"$host"}',
      '{{host}}',
      'Requests of the past minute, as a share of the maximum.',
    ),
    lines(
      'Requests that wait for budget',
      'short',
      'tidemark_budget_waiting_requests{host=~"$host"}',
      '{{host}}',
      'They are due, and nothing but the budget holds them back.',
    ),
    lines(
      'Requests that are due',
      'short',
      'tidemark_due_requests{host=~"$host"}',
      '{{host}}',
      'They are due and not sent, for whatever reason: budget, a pause, or a host that is out of reach.',
    ),
    lines(
      'Requests under way',
      'short',
      'tidemark_in_flight_requests{host=~"$host"}',
      '{{host}}',
      'Requests that were sent and are not answered yet.',
    ),
    rows(
      'Unreachable since',
      'dateTimeAsIso',
      '1000 * (tidemark_host_unreachable_timestamp_seconds{host=~"$host"} > 0)',
      '{{host}}',
      'Hosts to which no connection can be made.',
    ),
    rows(
      'Newest good poll',
      'dateTimeAsIso',
      '1000 * tidemark_last_good_poll_timestamp_seconds{dataset=~"$dataset"}',
      '{{dataset}}',
      'When the newest good answer of each dataset arrived.',
    ),
    lines(
      'Bytes of new answers',
      'Bps',
      'sum by (dataset) (rate(tidemark_raw_bytes_total{dataset=~"$dataset"}[$__rate_interval]))',
      '{{dataset}}',
      'Answers that said something new, before compression.',
    ),
  ],
}

const pipeline: Dashboard = {
  name: 'pipeline',
  title: 'Tidemark: pipeline',
  description: 'Whether parts run, and how far behind consumers are.',
  choices: [],
  panels: [
    stat('Parts that are down', 'count(tidemark_part_up == 0) or vector(0)', 'Broker, store and registry.'),
    stat('Services that are down', 'count(up{job=~"tidemark-.+"} == 0) or vector(0)', 'They give no metrics.'),
    lines(
      'Consumer lag',
      's',
      'tidemark:consumer_lag_seconds:max_by_group',
      '{{group}}',
      'Age of the oldest record that the group has not committed, of its worst topic.',
    ),
    lines(
      'Consumer lag by topic',
      'short',
      'tidemark_consumer_group_lag_records > 0',
      '{{group}} {{topic}}',
      'Records that are not committed.',
    ),
    lines(
      'Records',
      'cps',
      'sum by (service, verdict) (rate(tidemark_consumed_records_total[$__rate_interval]))',
      '{{service}} {{verdict}}',
      'Handled records per second: ok, or the reason of a dead letter.',
    ),
    lines(
      'Duration of batches, 95 %',
      's',
      'histogram_quantile(0.95, sum by (service, le) (rate(tidemark_batch_duration_seconds_bucket[$__rate_interval])))',
      '{{service}}',
      'From receiving a batch until its offsets are committed.',
    ),
    lines(
      'Records in a batch',
      'short',
      'sum by (service) (rate(tidemark_batch_records_sum[$__rate_interval])) / sum by (service) (rate(tidemark_batch_records_count[$__rate_interval]))',
      '{{service}}',
      'The mean.',
    ),
    lines('Open dead letters', 'short', 'tidemark_open_dead_letters > 0', '{{topic}}', 'Nobody has decided on them.'),
    lines(
      'Memory',
      'bytes',
      'process_resident_memory_bytes{job=~"tidemark-.+"}',
      '{{job}}',
      'Resident memory of each service.',
    ),
    lines(
      'Processor time',
      'percentunit',
      'rate(process_cpu_seconds_total{job=~"tidemark-.+"}[$__rate_interval])',
      '{{job}}',
      '1 is one processor.',
    ),
    lines(
      'Event loop delay, 99 %',
      's',
      'nodejs_eventloop_lag_p99_seconds{job=~"tidemark-.+"}',
      '{{job}}',
      'How long a service does not get to anything else.',
    ),
    rows(
      'Starts in the past hour',
      'short',
      'tidemark:restarts:changes1h',
      '{{job}}',
      'How often each was started again.',
    ),
  ],
}

const store: Dashboard = {
  name: 'store',
  title: 'Tidemark: store',
  description: 'The disk of the store, and how fast the store is.',
  choices: [],
  panels: [
    {
      ...{ title: 'Smallest free share', description: 'Of the disks of the store.', unit: 'percentunit', kind: 'stat' },
      queries: [
        { expr: 'min(tidemark_store_disk_free_bytes / tidemark_store_disk_total_bytes)', legend: 'free share' },
      ],
    },
    lines(
      'Free space',
      'bytes',
      'tidemark_store_disk_free_bytes',
      '{{disk}}',
      'What is free on the disks of the store, whoever else uses them.',
    ),
    lines('Size', 'bytes', 'tidemark_store_disk_total_bytes', '{{disk}}', 'The size of the disks of the store.'),
    lines(
      'Growth',
      'Bps',
      'tidemark:store_disk_growth:bytes_per_second',
      '{{disk}}',
      'Bytes that the disk loses in a second, over six hours. Negative while it gains.',
    ),
    rows(
      'Full in',
      's',
      'tidemark:store_disk_full_in:seconds',
      '{{disk}}',
      'If it goes on as in the past six hours. Disks that do not lose space are left out.',
    ),
    lines(
      'Duration of an evaluation, 95 %',
      's',
      'histogram_quantile(0.95, sum by (le) (rate(tidemark_completeness_evaluation_duration_seconds_bucket[15m])))',
      'evaluation',
      'How long the store takes to evaluate completeness.',
    ),
    lines(
      'Batches of the sink, 95 %',
      's',
      'histogram_quantile(0.95, sum by (topic, le) (rate(tidemark_batch_duration_seconds_bucket{service="sink"}[$__rate_interval])))',
      '{{topic}}',
      'From receiving a batch until it is inserted and committed.',
    ),
    lines(
      'Stored answers',
      'cps',
      'sum by (source) (rate(tidemark_end_to_end_seconds_count[$__rate_interval]))',
      '{{source}}',
      'Answers per second whose rows became visible.',
    ),
  ],
}

export const dashboards: Dashboard[] = [trust, sources, pipeline, store]
