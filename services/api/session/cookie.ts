// The cookie of a browser's session. It is named for the instance, because browsers ignore ports with cookies.
import { createHash } from 'node:crypto'
import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'

const loopbackHost = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/
const safeMethods = ['GET', 'HEAD', 'OPTIONS']
/** How long a browser keeps the cookie of a token that does not expire. */
const maxAgeMs = 30 * 86_400_000

export const isSafe = (method: string): boolean => safeMethods.includes(method)

/** Returns true if a Host is an address of the API: of loopback, with any port, or of its public URL. Pure. */
export function isOwnHost(host: string, publicUrl: string | undefined): boolean {
  return loopbackHost.test(host) || (publicUrl !== undefined && host === new URL(publicUrl).host)
}

/** Returns the origin under which a browser reaches the API. `host`: an own Host of the API. Pure. */
export function originOf(host: string, publicUrl: string | undefined): string {
  return publicUrl === undefined || loopbackHost.test(host) ? `http://${host}` : new URL(publicUrl).origin
}

/**
 * Returns the name of the cookie: of the port that the browser names, because it sends the cookies of all ports of a host;
 * under the public URL, of this URL, which may have a path. Pure.
 */
export function cookieName(host: string, publicUrl: string | undefined): string {
  if (publicUrl === undefined || loopbackHost.test(host)) return `tidemark_${/:(\d+)$/.exec(host)?.[1] ?? '80'}`
  return `tidemark_${createHash('sha256').update(publicUrl).digest('hex').slice(0, 8)}`
}

/** Returns true if a page at `origin` is of the API that is reached at `host`. undefined: no Origin was sent. Pure. */
export const isOwnOrigin = (origin: string | undefined, host: string, publicUrl: string | undefined): boolean =>
  origin !== undefined &&
  (origin === originOf(host, publicUrl) || (publicUrl !== undefined && origin === new URL(publicUrl).origin))

/** Returns the cookie's seconds: no more than its token is valid. Pure. */
export function maxAgeOf(expiresAt: number | null, nowMs: number): number {
  return Math.max(0, Math.floor(Math.min(maxAgeMs, (expiresAt ?? Number.POSITIVE_INFINITY) - nowMs) / 1_000))
}

/** The cookies of one instance of the API. */
export interface SessionCookie {
  /** Returns the token that a request carries in its cookie. undefined: it has no cookie. */
  read: (request: FastifyRequest) => string | undefined
  set: (request: FastifyRequest, reply: FastifyReply, session: { text: string; expiresAt: number | null }) => void
  clear: (request: FastifyRequest, reply: FastifyReply) => void
}

export function sessionCookie(publicUrl: string | undefined): SessionCookie {
  const nameFor = ({ headers }: FastifyRequest) => cookieName(headers.host ?? '', publicUrl)
  const flags = cookieFlags(publicUrl, 'strict')
  return {
    read: (request) => request.cookies[nameFor(request)],
    set: (request, reply, { text, expiresAt }) => {
      reply.setCookie(nameFor(request), text, { ...flags, path: '/', maxAge: maxAgeOf(expiresAt, Date.now()) })
    },
    clear: (request, reply) => {
      reply.clearCookie(nameFor(request), { ...flags, path: '/' })
    },
  }
}

/** No script reads the cookie. With a public URL of https it never travels without TLS. */
export const cookieFlags = (publicUrl: string | undefined, sameSite: 'strict' | 'lax'): CookieSerializeOptions => ({
  httpOnly: true,
  sameSite,
  secure: publicUrl?.startsWith('https:') === true,
})
