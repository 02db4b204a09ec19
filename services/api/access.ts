// Who asks, and what that role may do.
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { includesRole, type Role } from '#core/api-token.ts'
import { Problem } from './problem.ts'
import { isOwnHost, isOwnOrigin, isSafe, sessionCookie } from './session/cookie.ts'

export interface Caller {
  role: Role
  /** Names the caller in audit records: the id of a token, `oidc:` with a person, or `anonymous`. */
  name: string
  /** The only source whose datasets the caller may change. null: all. */
  source: string | null
  /** From when on the caller is refused, ms UTC. null: never. */
  expiresAt: number | null
  /** The id of the session that a login began. null: the caller has none, or logged in with a token of its own. */
  sessionId: string | null
  /** Returns false once the token of the caller has expired or was revoked, for answers that take long. */
  isAccepted: () => boolean
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
  /** The address at which others reach the API. undefined: it is reached on loopback alone. */
  publicUrl: string | undefined
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
  const identify = identifier(options)
  server.addHook('onRequest', async (request, reply) => {
    refuseOtherHost(request, options.publicUrl)
    const { role } = request.routeOptions.config
    request.caller = identify(request, reply)
    if (role === undefined) return
    if (!includesRole(request.caller.role, role)) {
      throw new Problem(403, 'Forbidden', `This needs the role ${role}; the token has the role ${request.caller.role}.`)
    }
  })
}

export const anonymous: Caller = {
  ...{ role: 'reader', name: 'anonymous', source: null, expiresAt: null, sessionId: null },
  isAccepted: () => true,
}

/** A page of another site reaches this machine under its own name (DNS rebinding). Its Host gives it away. */
function refuseOtherHost({ headers }: FastifyRequest, publicUrl: string | undefined): void {
  if (isOwnHost(headers.host ?? '', publicUrl)) return
  throw new Problem(
    421,
    'Misdirected request',
    'The Host of this request is not an address of this API. Set API_PUBLIC_URL.',
  )
}

/** Throws Problem 403 if a page of another site, or of another port, sent the request. Programs send no Origin. */
export function refuseOtherOrigin({ headers }: FastifyRequest, publicUrl: string | undefined): void {
  if (headers.origin === undefined || isOwnOrigin(headers.origin, headers.host ?? '', publicUrl)) return
  throw otherOrigin
}

const otherOrigin = new Problem(
  403,
  'Forbidden',
  'A change with a cookie needs the header Origin with the address of this API, as its own pages send it. Programs send a bearer token.',
)

/** Returns the function that finds the caller of a request: by its path, its header, its cookie, in this order. */
function identifier(options: AccessOptions): (request: FastifyRequest, reply: FastifyReply) => Caller {
  const cookie = sessionCookie(options.publicUrl)
  return (request, reply) => {
    const named = callerOfToken(request, options)
    if (named !== undefined) return named
    const token = cookie.read(request)
    const caller = token === undefined ? undefined : options.callerOf(token)
    if (caller === undefined) {
      if (token !== undefined) cookie.clear(request, reply)
      return callerWithoutToken(request, options)
    }
    const { origin, host = '' } = request.headers
    if (!isSafe(request.method) && !isOwnOrigin(origin, host, options.publicUrl)) throw otherOrigin
    return caller
  }
}

/** Finds the caller of a token in the path or in a header. undefined: there is none. @throws Problem 401 if it is refused */
function callerOfToken(request: FastifyRequest, { callerOf: find }: AccessOptions): Caller | undefined {
  const pathToken = request.headers[pathTokenHeader]
  if (typeof pathToken === 'string') {
    const caller = find(pathToken)
    if (caller?.role === 'reader') return caller
    throw unauthorized('A path may only have the token of a reader, and this one is not, or it is refused.')
  }
  if (request.headers.authorization === undefined) return undefined
  const token = /^Bearer (.+)$/i.exec(request.headers.authorization)?.[1]
  if (token === undefined) throw unauthorized('Only bearer tokens are accepted.')
  const caller = find(token)
  if (caller === undefined) throw refusedToken()
  return caller
}

/** @throws Problem 401 if the route needs a token, or if the request is not of this machine */
function callerWithoutToken(request: FastifyRequest, { isAnonymousAllowed }: AccessOptions): Caller {
  const { role } = request.routeOptions.config
  if (role === undefined) return anonymous
  if (role === 'reader' && isAnonymousAllowed && isOfThisMachine(request)) return anonymous
  throw unauthorized('This needs a token.')
}

/** The error of a token that is refused. */
export const refusedToken = (): Problem => unauthorized('The token is unknown, expired or revoked.')

/** A request that a proxy passes on is not of this machine. */
function isOfThisMachine({ headers, socket }: FastifyRequest): boolean {
  const isForwarded = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined
  return !isForwarded && /^(127\.|::1$|::ffff:127\.)/.test(socket.remoteAddress ?? '')
}

const unauthorized = (why: string): Problem =>
  new Problem(401, 'Unauthorized', `${why} \`npx tidemark token create\` makes one.`, {
    'WWW-Authenticate': 'Bearer realm="tidemark"',
  })
