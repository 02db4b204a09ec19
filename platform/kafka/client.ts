import { createRequire } from 'node:module'
import kafkajs, { type Admin, Kafka, logLevel, type SASLOptions } from 'kafkajs'
import type { Logger } from '../process/log.ts'
import { registerCodecs } from './codecs.ts'
import { patchRequests } from './kafkajs-requests.ts'

export type { Kafka }

export interface KafkaConnection {
  KAFKA_BROKERS: string
  KAFKA_TLS: boolean
  KAFKA_SASL_MECHANISM?: 'plain' | 'scram-sha-256' | 'scram-sha-512' | undefined
  KAFKA_USERNAME?: string | undefined
  KAFKA_PASSWORD?: string | undefined
}

const requireInternal = createRequire(import.meta.url)

registerCodecs()
patchRequests()
patchRequestQueue()
patchStartingBroker()
patchCoordinatorLookup()
patchFailedJoin()

/** Creates a client that connects at its first use. A call is retried for some seconds before it fails. */
export function createKafka(connection: KafkaConnection, clientId: string, log?: Logger): Kafka {
  return new Kafka({
    clientId,
    brokers: connection.KAFKA_BROKERS.split(',').map((broker) => broker.trim()),
    ssl: connection.KAFKA_TLS,
    ...sasl(connection),
    connectionTimeout: 3_000,
    authenticationTimeout: 5_000,
    requestTimeout: 15_000,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 8 },
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => {
      const { message, timestamp: _timestamp, logger: _logger, ...details } = entry.log
      log?.debug({ kafkajs: details, level: entry.label }, message)
    },
  })
}

export async function withAdmin<Result>(kafka: Kafka, work: (admin: Admin) => Promise<Result>): Promise<Result> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}

function sasl(connection: KafkaConnection): { sasl?: SASLOptions } {
  const mechanism = connection.KAFKA_SASL_MECHANISM
  if (!mechanism) return {}
  const username = connection.KAFKA_USERNAME ?? ''
  const password = connection.KAFKA_PASSWORD ?? ''
  return { sasl: { mechanism, username, password } as SASLOptions }
}

interface RequestQueue {
  pending: unknown[]
  throttledUntil: number
  throttleCheckTimeoutId: NodeJS.Timeout | null
  checkPendingRequests: () => void
  scheduleCheckPendingRequests: () => void
}

/**
 * Patches kafkajs, which polls its request queues every millisecond with negative timers that Node warns about
 * (tulios/kafkajs issue 1751; no release has a fix). The patch schedules a check only while requests wait.
 */
function patchRequestQueue(): void {
  const recheckMs = 10
  const { prototype } = requireInternal('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }
  prototype.scheduleCheckPendingRequests = function () {
    if (this.throttleCheckTimeoutId || this.pending.length === 0) return
    const throttledMs = this.throttledUntil - Date.now()
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null
        this.checkPendingRequests()
      },
      throttledMs > 0 ? throttledMs : recheckMs,
    )
  }
}

interface Broker {
  apiVersions: () => Promise<Record<string, object>>
}

/**
 * Patches kafkajs, which ends a call for good with "does not support the requested API version" if the broker has just
 * started and does not offer all of its requests yet. The patch makes it a failed connection, which is tried again.
 */
function patchStartingBroker(): void {
  const needed = { Produce: 0, Fetch: 1, Metadata: 3, FindCoordinator: 10, CreateTopics: 19, DescribeConfigs: 32 }
  const { prototype } = requireInternal('kafkajs/src/broker') as { prototype: Broker }
  const read = prototype.apiVersions
  prototype.apiVersions = async function () {
    const versions = await read.call(this)
    const missing = Object.entries(needed).flatMap(([name, key]) => (versions[key] === undefined ? [name] : []))
    if (missing.length === 0) return versions
    throw new kafkajs.KafkaJSConnectionError(`The broker is starting: it does not offer ${missing.join(', ')} yet`)
  }
}

interface Cluster {
  findGroupCoordinatorMetadata: (group: object) => Promise<object>
}

/**
 * Patches kafkajs, which ends a consumer for ever if no broker names the group coordinator, as happens while a broker
 * restarts (tulios/kafkajs issue 1630; no release has a fix). The patch makes the error retriable.
 */
function patchCoordinatorLookup(): void {
  const { prototype } = requireInternal('kafkajs/src/cluster') as { prototype: Cluster }
  const find = prototype.findGroupCoordinatorMetadata
  prototype.findGroupCoordinatorMetadata = async function (group) {
    try {
      return await find.call(this, group)
    } catch (error) {
      const isLost = (error as Error).name === 'KafkaJSGroupCoordinatorNotFound'
      throw isLost ? Object.assign(error as Error, { retriable: true, type: 'GROUP_COORDINATOR_NOT_AVAILABLE' }) : error
    }
  }
}

interface GroupMembership {
  joinAndSync: () => Promise<void>
}

/**
 * Patches kafkajs, which goes on fetching when it left its assignment for a rebalance and could not join again, as happens
 * while a coordinator loads the group (tulios/kafkajs pull request 1779; no release has a fix). It keeps up its membership,
 * but tells nobody of an assignment, so its owner waits for one for ever. The patch makes the consumer start again.
 */
function patchFailedJoin(): void {
  const retryTime = 100
  const { prototype } = requireInternal('kafkajs/src/consumer/consumerGroup') as { prototype: GroupMembership }
  const join = prototype.joinAndSync
  prototype.joinAndSync = async function () {
    try {
      await join.call(this)
    } catch (error) {
      const { retriable } = error as { retriable?: boolean }
      throw retriable === true
        ? new kafkajs.KafkaJSNumberOfRetriesExceeded(error as Error, { retryCount: 0, retryTime })
        : error
    }
  }
}
