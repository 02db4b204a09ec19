// Parts of an API that nobody asks: enough for its routes, their document and their refusals.
import { createStore } from '#platform/clickhouse/client.ts'
import { createKafka } from '#platform/kafka/client.ts'
import type { Producer } from '#platform/kafka/produce.ts'
import { openRegistry } from '#platform/kafka/registry.ts'
import { createLogger } from '#platform/process/log.ts'
import { asOfReader } from './as-of.ts'
import { createJobs } from './jobs.ts'
import type { LiveFeed } from './live/feed.ts'
import type { ApiParts } from './parts.ts'
import { rowSender } from './rows.ts'
import type { Sessions } from './session/sessions.ts'

const nowhere = 'http://127.0.0.1:1'
const watch = (): void => {}

const nobody: Producer = {
  send: async () => [],
  sizeCheck: async () => Promise.reject(new Error('nothing is sent')),
  disconnect: async () => {},
}
const nothing: LiveFeed = {
  partitions: [],
  offsets: () => [],
  join: () => ({ offsets: [], leave: watch }),
  readAgain: async () => {},
  stop: async () => {},
}

const noSessions: Sessions = {
  begin: async () => Promise.reject(new Error('nobody logs in')),
  end: async () => {},
  roleOfLink: () => undefined,
  exchange: async () => undefined,
}

/** Returns parts that reach no service: a question to one of them fails, and a change is refused. */
export function unaskedParts(): ApiParts {
  const store = createStore({ url: nowhere, user: '', password: '', requestTimeoutMs: 1 })
  const kafka = createKafka({ KAFKA_BROKERS: '127.0.0.1:1', KAFKA_TLS: false }, 'nobody')
  return {
    ...{ store, rows: rowSender(store), asOf: asOfReader(store, Date.now), nowMs: Date.now },
    boundOf: async () => undefined,
    raw: { kafka, registry: openRegistry({ SCHEMA_REGISTRY_URL: nowhere }) },
    live: { store, settledMs: async () => 0, feed: nothing },
    ...{ writer: store, jobs: createJobs(), parkedNow: async () => [] },
    audit: { record: async () => Promise.reject(new Error('nothing is changed')) },
    ...{
      lag: async () => [],
      pollerUrl: undefined,
      normalizerUrl: undefined,
      sinkUrl: undefined,
      monitorUrl: undefined,
      alerterUrl: undefined,
      producer: nobody,
      origin: 'live',
      publicUrl: undefined,
      sessions: noSessions,
      oidc: undefined,
      requestsPerMinute: 1_000,
      metrics: { watch },
      usage: { watch },
    },
    access: { isAnonymousAllowed: false, publicUrl: undefined, callerOf: () => undefined },
    log: createLogger('api', 'silent'),
  }
}
