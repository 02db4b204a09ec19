// What the routes are made of.
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { RawReader } from '#operations/explain/raw-records.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import type { GroupLag } from '#platform/kafka/lag-reader.ts'
import type { Producer } from '#platform/kafka/produce.ts'
import type { Logger } from '#platform/process/log.ts'
import type { AccessOptions } from './access.ts'
import type { AsOfReader } from './as-of.ts'
import type { AuditLog } from './audit.ts'
import type { Jobs } from './jobs.ts'
import type { LiveParts } from './live/client.ts'
import type { ApiMetrics } from './metrics.ts'
import type { RowSender } from './rows.ts'
import type { Oidc } from './session/oidc.ts'
import type { Sessions } from './session/sessions.ts'
import type { Usage } from './usage.ts'

export interface ApiParts {
  store: Store
  rows: RowSender
  asOf: AsOfReader
  raw: RawReader
  /** Up to when a dataset was deleted for good, ms UTC, as of a second ago. undefined: it was not. */
  boundOf: (dataset: string) => Promise<number | undefined>
  lag: () => Promise<GroupLag[]>
  /** A client of the store that may write. */
  writer: Store
  audit: AuditLog
  jobs: Jobs
  live: LiveParts
  parkedNow: () => Promise<readonly { dataset: string }[]>
  /** Address of the poller's health endpoint. undefined: there is none. */
  pollerUrl: string | undefined
  /** The pollers' clock, ms UTC. */
  nowMs: () => number
  access: AccessOptions
  /** Address of the normalizer's health endpoint. undefined: there is none. */
  normalizerUrl: string | undefined
  /** Addresses of the health endpoints of the sink, the monitor and the alerter. undefined: there is none. */
  sinkUrl: string | undefined
  monitorUrl: string | undefined
  alerterUrl: string | undefined
  producer: Producer
  /** Where the data comes from. */
  origin: 'live' | 'simulated'
  /** The address at which others reach the API, without a slash at its end. undefined: none is known. */
  publicUrl: string | undefined
  sessions: Sessions
  /** Logins at an OIDC provider. undefined: none is configured. */
  oidc: Oidc | undefined
  /** Requests of one caller in a minute. */
  requestsPerMinute: number
  metrics: Pick<ApiMetrics, 'watch'>
  usage: Pick<Usage, 'watch'>
  log: Logger
}

/** The server, whose handlers get parameters of the types that their schemas declare. */
export type TypedServer = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>
