// Who asks, and what that role may do.
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { includesRole, type Role } from '#core/api-token.ts'
import { Problem } from './problem.ts'

export interface Caller {
  role: Role
  /** Names the caller in audit records: the id of a token, or `anonymous`. */
  name: string
  /** The only source whose datasets the caller may change. null: all. */
  source: string | null
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller
  }
  interface FastifyContextConfig {
    /** The role that the route needs. Absent: everybody may call it. */
    role?: Role
  }
}

export interface AccessOptions {
  /** Whether a request of this machine without credentials is a reader. */
  isAnonymousAllowed: boolean
  /** Host names, with ports, under which the API is reached. Empty: any port of loopback. */
  publicHost: string | undefined
  /** Finds the caller of a token. undefined: the token is unknown, expired or revoked. */
  callerOf: (token: string) => Caller | undefined
}

const inPath = /^\/t\/([^/?]+)(?=\/)/

/**
 * Takes a token out of a path, `/t/<token>/…`, for clients that send no header, and returns the rest of the path. Nothing
 * that is logged has the token. Only a reader's token may stand in a path, because paths are kept in many places.
 */
export function withoutPathToken({ url = '/', headers }: Pick<IncomingMessage, 'url' | 'headers'>): string {
  delete headers[pathTokenHeader]
  const token = inPath.exec(url)?.[1]
  if (token === undefined) return url
  headers[pathTokenHeader] = token
  return url.replace(inPath, '')
}

const pathTokenHeader = 'x-tidemark-path-token'

/** Returns the beginning of a path that carries the token of a request, for links in its answer; empty without one. */
export function pathTokenPrefix({ headers }: Pick<FastifyRequest, 'headers'>): string {
  const token = headers[pathTokenHeader]
  return typeof token === 'string' ? `/t/${token}` : ''
}

/** Adds a check of each request: its Host, its caller, and the role that its route needs. */
export function addAccess(server: FastifyInstance, options: AccessOptions): void {
  server.decorateRequest('caller')
  server.addHook('onRequest', async (request) => {
    refuseOtherHost(request, options.publicHost)
    const { role } = request.routeOptions.config
    request.caller = callerOf(request, options)
    if (role === undefined) return
    if (!includesRole(request.caller.role, role)) {
      throw new Problem(403, 'Forbidden', `This needs the role ${role}; the token has the role ${request.caller.role}.`)
    }
  })
}

const anonymous: Caller = { role: 'reader', name: 'anonymous', source: null }

const loopbackHost = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/

/** A page of another site reaches this machine under its own name (DNS rebinding). Its Host gives it away. */
function refuseOtherHost({ headers }: FastifyRequest, publicHost: string | undefined): void {
  const host = headers.host ?? ''
  if (host === publicHost || loopbackHost.test(host)) return
  throw new Problem(
    421,
    'Misdirected request',
    'The Host of this request is not an address of this API. Set API_PUBLIC_URL.',
  )
}

function callerOf(request: FastifyRequest, { isAnonymousAllowed, callerOf: find }: AccessOptions): Caller {
  const pathToken = request.headers[pathTokenHeader]
  if (typeof pathToken === 'string') {
    const caller = find(pathToken)
    if (caller?.role === 'reader') return caller
    throw unauthorized('A path may only have the token of a reader, and this one is not, or it is refused.')
  }
  const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (token !== undefined) {
    const caller = find(token)
    if (caller !== undefined) return caller
    throw unauthorized('The token is unknown, expired or revoked.')
  }
  if (request.headers.authorization !== undefined) throw unauthorized('Only bearer tokens are accepted.')
  if (request.routeOptions.config.role === undefined) return anonymous
  if (request.routeOptions.config.role !== 'reader') throw unauthorized('This needs a token.')
  if (isAnonymousAllowed && isOfThisMachine(request)) return anonymous
  throw unauthorized('This needs a token.')
}

/** A request that a proxy passes on is not of this machine. */
function isOfThisMachine({ headers, socket }: FastifyRequest): boolean {
  const isForwarded = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined
  return !isForwarded && /^(127\.|::1$|::ffff:127\.)/.test(socket.remoteAddress ?? '')
}

const unauthorized = (why: string): Problem =>
  new Problem(401, 'Unauthorized', `${why} \`npx tidemark token create\` makes one.`, {
    'WWW-Authenticate': 'Bearer realm="tidemark"',
  })
