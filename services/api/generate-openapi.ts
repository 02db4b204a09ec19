// Part of `npm run generate`: writes the OpenAPI document of the API.
import { readFileSync, writeFileSync } from 'node:fs'
import { createStore } from '#platform/clickhouse/client.ts'
import { createKafka } from '#platform/kafka/client.ts'
import type { Producer } from '#platform/kafka/produce.ts'
import { openRegistry } from '#platform/kafka/registry.ts'
import { createLogger } from '#platform/process/log.ts'
import { asOfReader } from './as-of.ts'
import { createJobs } from './jobs.ts'
import type { LiveFeed } from './live/feed.ts'
import { rowSender } from './rows.ts'
import { buildServer } from './server.ts'
import type { Sessions } from './session/sessions.ts'

const file = new URL('generated/openapi.json', import.meta.url)
const nowhere = 'http://127.0.0.1:1'
const store = createStore({ url: nowhere, user: '', password: '', requestTimeoutMs: 1 })
const kafka = createKafka({ KAFKA_BROKERS: '127.0.0.1:1', KAFKA_TLS: false }, 'nobody')
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

// None of these parts is asked: the document is made of the routes alone.
const server = await buildServer({
  ...{ store, rows: rowSender(store), asOf: asOfReader(store, Date.now), nowMs: Date.now },
  boundOf: async () => undefined,
  raw: { kafka, registry: openRegistry({ SCHEMA_REGISTRY_URL: nowhere }) },
  live: { store, settledMs: async () => 0, feed: nothing },
  ...{ writer: store, jobs: createJobs(), parkedNow: async () => [] },
  sessions: noSessions,
  audit: { record: async () => Promise.reject(new Error('nothing is changed')) },
  ...{
    lag: async () => [],
    pollerUrl: undefined,
    normalizerUrl: undefined,
    producer: nobody,
    origin: 'live',
    publicUrl: undefined,
    oidc: undefined,
    requestsPerMinute: 1,
    metrics: { watch },
    usage: { watch },
  },
  access: { isAnonymousAllowed: false, publicUrl: undefined, callerOf: () => undefined },
  log: createLogger('openapi', 'silent'),
})
const text = `${JSON.stringify(server.swagger(), null, 2)}\n`
if (!process.argv.includes('--check')) writeFileSync(file, text)
else if (readFileSync(file, 'utf8') !== text) {
  process.stderr.write(`${file.pathname} is not what the routes declare: run \`npm run generate\` and commit\n`)
  process.exitCode = 1
}
await server.close()
