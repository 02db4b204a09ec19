import accepts from '@fastify/accepts'
import compress from '@fastify/compress'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod'
import type { RawReader } from '#operations/explain/raw-records.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import type { GroupLag } from '#platform/kafka/lag-reader.ts'
import type { Logger } from '#platform/process/log.ts'
import { version } from '#platform/process/version.ts'
import { type AccessOptions, addAccess } from './access.ts'
import type { AsOfReader } from './as-of.ts'
import type { AuditLog } from './audit.ts'
import { withoutSuffix } from './format.ts'
import type { Jobs } from './jobs.ts'
import type { ApiMetrics } from './metrics.ts'
import { Problem, problemSchema, sendProblem } from './problem.ts'
import { addCatalogueRoutes } from './routes/catalogue.ts'
import { addJobRoutes } from './routes/jobs.ts'
import { addListRoutes } from './routes/lists.ts'
import { addMarketRoutes } from './routes/markets.ts'
import { addOperationRoutes } from './routes/operations.ts'
import { addRawRoutes } from './routes/raw.ts'
import { addRunningRoutes } from './routes/running.ts'
import { addSeriesRoutes } from './routes/series.ts'
import type { RowSender } from './rows.ts'
import type { Usage } from './usage.ts'

export interface ApiParts {
  store: Store
  rows: RowSender
  asOf: AsOfReader
  raw: RawReader
  lag: () => Promise<GroupLag[]>
  /** A client of the store that may write. */
  writer: Store
  audit: AuditLog
  jobs: Jobs
  parkedNow: () => Promise<readonly { dataset: string }[]>
  /** Address of the poller's health endpoint. undefined: there is none. */
  pollerUrl: string | undefined
  /** The pollers' clock, ms UTC. */
  nowMs: () => number
  access: AccessOptions
  /** Requests of one caller in a minute. */
  requestsPerMinute: number
  metrics: Pick<ApiMetrics, 'watch'>
  usage: Pick<Usage, 'watch'>
  log: Logger
}

/** The server, whose handlers get parameters of the types that their schemas declare. */
export type TypedServer = ReturnType<typeof typedServer>

const typedServer = (server: FastifyInstance) => server.withTypeProvider<ZodTypeProvider>()

const problem = {
  description: 'What is wrong, where, and what to do',
  content: { 'application/problem+json': { schema: problemSchema } },
}

/** Builds the server with all its routes. It does not listen yet, and asks nothing of its parts. */
export async function buildServer(parts: ApiParts): Promise<FastifyInstance> {
  const server = fastify({
    loggerInstance: parts.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    rewriteUrl: (request) => withoutSuffix(request.url ?? '/'),
    routerOptions: { maxParamLength: 500 },
    bodyLimit: 1024 * 1024,
    trustProxy: false,
  })
  server.setValidatorCompiler(validatorCompiler)
  server.setSerializerCompiler(serializerCompiler)
  server.setErrorHandler((error, request, reply) => sendProblem(error as Error, request, reply))
  server.setNotFoundHandler((request, reply) =>
    sendProblem(
      new Problem(404, 'Not found', 'There is no such resource. /api/v1/openapi.json lists all.'),
      request,
      reply,
    ),
  )
  server.addHook('onRoute', ({ schema }) => {
    if (schema) schema.response = { ...(schema.response as object), '4xx': problem, '5xx': problem }
  })
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'tidemark',
        description: 'Public market data, revisions and what is missing. Instants are ISO 8601 with Z or an offset.',
        version,
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }, {}],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  })
  await server.register(helmet, { contentSecurityPolicy: { directives: { defaultSrc: ["'self'"] } } })
  await server.register(rateLimit, {
    max: parts.requestsPerMinute,
    keyGenerator: (request) => `${request.caller?.name ?? ''} ${request.ip}`,
    hook: 'preHandler',
  })
  await server.register(compress, { global: true, threshold: 1024 })
  await server.register(accepts)
  addAccess(server, parts.access)
  parts.metrics.watch(server)
  parts.usage.watch(server)
  const typed = typedServer(server)
  addCatalogueRoutes(typed, parts)
  addSeriesRoutes(typed, parts)
  addListRoutes(typed, parts)
  addMarketRoutes(typed, parts)
  addRawRoutes(typed, parts)
  addRunningRoutes(typed, parts)
  addOperationRoutes(typed, parts)
  addJobRoutes(typed, parts)
  server.get('/api/v1/openapi.json', { schema: { hide: true } }, () => server.swagger())
  await server.ready()
  return server
}
