import accepts from '@fastify/accepts'
import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod'
import { version } from '#platform/process/version.ts'
import { addAccess, withoutPathToken } from './access.ts'
import { rememberedAlerts } from './alert-records.ts'
import { addConsole, isLostBrowser, sendConsole } from './console.ts'
import { addFormatCheck, withoutSuffix } from './format.ts'
import type { ApiParts, TypedServer } from './parts.ts'
import { Problem, problemSchema, sendProblem } from './problem.ts'
import { addAlertChangeRoutes } from './routes/alert-changes.ts'
import { addAlertRoutes } from './routes/alerts.ts'
import { addCatalogueRoutes } from './routes/catalogue.ts'
import { addExportRoutes } from './routes/exports.ts'
import { addHistoryRoutes } from './routes/history.ts'
import { addJobRoutes } from './routes/jobs.ts'
import { addListRoutes } from './routes/lists.ts'
import { addLiveRoute } from './routes/live.ts'
import { addMarketRoutes } from './routes/markets.ts'
import { addOidcRoutes } from './routes/oidc.ts'
import { addOperationRoutes } from './routes/operations.ts'
import { addParkedRoutes } from './routes/parked.ts'
import { addRawRoutes } from './routes/raw.ts'
import { addReportRoutes } from './routes/report.ts'
import { addRunningRoutes } from './routes/running.ts'
import { addSeriesRoutes } from './routes/series.ts'
import { addLinkRoutes, addSessionRoutes } from './routes/session.ts'
import { addTimeMachineRoutes } from './routes/time-machine.ts'

const problem = {
  description: 'What is wrong, where, and what to do',
  content: { 'application/problem+json': { schema: problemSchema } },
}

const noSuchResource = new Problem(404, 'Not found', 'There is no such resource. /api/v1/openapi.json lists all.')

/** What a page of the console may do: nothing that does not come from this API. */
const contentSecurity = {
  defaultSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  objectSrc: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True: the route is answered to everybody, also to one who sends a token that is refused elsewhere. */
    ignoresCredentials?: boolean
  }
}

/** Builds the server with all its routes. It does not listen yet, and asks nothing of its parts. */
export async function buildServer(parts: ApiParts): Promise<FastifyInstance> {
  const server = fastify({
    loggerInstance: parts.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    rewriteUrl: (request) => withoutSuffix(withoutPathToken(request)),
    routerOptions: { maxParamLength: 500 },
    bodyLimit: 1024 * 1024,
    frameworkErrors: (error, request, reply) => sendProblem(error, request as FastifyRequest, reply as FastifyReply),
    trustProxy: false,
    // A stream of events would otherwise keep the process from its end.
    forceCloseConnections: true,
  })
  server.setValidatorCompiler(validatorCompiler)
  server.setSerializerCompiler(serializerCompiler)
  server.setErrorHandler((error, request, reply) => sendProblem(error as Error, request, reply))
  server.setNotFoundHandler((request, reply) =>
    isLostBrowser(request) ? sendConsole(reply.code(404)) : sendProblem(noSuchResource, request, reply),
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
  await server.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives: contentSecurity } })
  await server.register(rateLimit, {
    max: parts.requestsPerMinute,
    keyGenerator: (request) => `${request.caller?.name ?? ''} ${request.ip}`,
    hook: 'preHandler',
  })
  await server.register(compress, { global: true, threshold: 1024 })
  await server.register(accepts)
  server.addHook('onRequest', async ({ routeOptions, headers }) => {
    if (routeOptions.config.ignoresCredentials) delete headers.authorization
  })
  await server.register(cookie)
  addAccess(server, parts.access)
  addFormatCheck(server)
  parts.metrics.watch(server)
  parts.usage.watch(server)
  const refuseOtherMethods = watchMethods(server)
  await addRoutes(server, parts)
  // The suffix .json is taken from every path below /api/v1.
  server.get('/api/v1/openapi', { schema: { hide: true } }, () => server.swagger())
  refuseOtherMethods()
  await server.ready()
  return server
}

async function addRoutes(server: FastifyInstance, parts: ApiParts): Promise<void> {
  const typed: TypedServer = server.withTypeProvider<ZodTypeProvider>()
  const alerts = rememberedAlerts(parts)
  addCatalogueRoutes(typed, parts)
  addExportRoutes(typed, parts)
  addAlertRoutes(typed, parts, alerts)
  addAlertChangeRoutes(typed, parts, alerts)
  addSeriesRoutes(typed, parts)
  addListRoutes(typed, parts)
  addMarketRoutes(typed, parts)
  addRawRoutes(typed, parts)
  addReportRoutes(typed, parts)
  addRunningRoutes(typed, parts)
  addOperationRoutes(typed, parts)
  addJobRoutes(typed, parts)
  addHistoryRoutes(typed, parts)
  addParkedRoutes(typed, parts)
  addLiveRoute(typed, parts)
  addTimeMachineRoutes(typed, parts)
  addSessionRoutes(typed, parts)
  await server.register(async (scope) => addLinkRoutes(scope.withTypeProvider<ZodTypeProvider>(), parts))
  addOidcRoutes(typed, parts)
  await addConsole(server)
}

/** Watches which methods each path has. Returns a function that refuses all others with 405; it is called after the last route. */
function watchMethods(server: FastifyInstance): () => void {
  const methodsByUrl = new Map<string, Set<string>>()
  server.addHook('onRoute', ({ url, method }) => {
    const methods = methodsByUrl.get(url) ?? new Set()
    methodsByUrl.set(url, methods)
    for (const each of [method].flat()) methods.add(each)
  })
  return () => {
    for (const [url, methods] of [...methodsByUrl]) {
      const allowed = [...methods].toSorted().join(', ')
      const refuse = async ({ method }: FastifyRequest): Promise<never> => {
        const detail = `${method} is not a method of this path. Its methods are ${allowed}.`
        throw new Problem(405, 'Method not allowed', detail, { Allow: allowed })
      }
      const others = server.supportedMethods.filter((method) => !methods.has(method))
      // Before a body is read: it may be of any type.
      server.route({ method: others, url, schema: { hide: true }, onRequest: refuse, handler: refuse })
    }
  }
}
