import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ApiParts, TypedServer } from '../parts.ts'
import { Problem } from '../problem.ts'
import { cookieFlags, cookieName, originOf, sessionCookie } from '../session/cookie.ts'
import type { Attempt, Oidc } from '../session/oidc.ts'
import { enteredPage, sendPage } from '../session/pages.ts'

const path = '/api/v1/session/oidc'
/** How long a person may take at the provider, s. */
const attemptLastsS = 600

/** Adds the two routes of a login at an OpenID provider. Browsers open them; programs send a token. */
export function addOidcRoutes(server: TypedServer, { oidc, publicUrl, sessions }: ApiParts): void {
  const cookie = sessionCookie(publicUrl)
  const attempts = attemptCookie(publicUrl)
  const callbackOf = ({ headers }: FastifyRequest) => `${originOf(headers.host ?? '', publicUrl)}${path}/callback`

  server.get(path, { schema: { hide: true } }, async (request, reply) => {
    const { url, attempt } = await configured(oidc).begin(callbackOf(request))
    attempts.set(request, reply, attempt)
    return reply.header('Cache-Control', 'no-store').redirect(url)
  })
  server.get(`${path}/callback`, { schema: { hide: true } }, async (request, reply) => {
    const provider = configured(oidc)
    const attempt = attempts.read(request)
    attempts.clear(request, reply)
    if (attempt === undefined)
      throw new Problem(401, 'Unauthorized', `This browser began no login, or more than ten minutes ago: open ${path}.`)
    const { search } = new URL(request.url, callbackOf(request))
    const { name, role } = await provider.finish(new URL(search, callbackOf(request)), attempt)
    const session = await sessions.begin({ role, by: name, person: name })
    cookie.set(request, reply, session)
    request.log.info({ caller: session.caller, role }, 'a session has begun')
    // The provider's page began this navigation, so a browser sends a SameSite=Strict cookie only with the next one.
    return sendPage(reply, 200, enteredPage)
  })
}

function configured(oidc: Oidc | undefined): Oidc {
  if (oidc === undefined) throw new Problem(404, 'Not found', 'No OpenID provider is configured: set OIDC_ISSUER.')
  return oidc
}

/** The cookie of an attempt. The provider's page leads back to the API, so it cannot be SameSite=Strict. */
function attemptCookie(publicUrl: string | undefined) {
  const nameFor = ({ headers }: FastifyRequest) => `${cookieName(headers.host ?? '', publicUrl)}_oidc`
  const flags = { ...cookieFlags(publicUrl, 'lax'), path }
  return {
    set: (request: FastifyRequest, reply: FastifyReply, { state, nonce, verifier }: Attempt): void => {
      reply.setCookie(nameFor(request), [state, nonce, verifier].join('.'), { ...flags, maxAge: attemptLastsS })
    },
    read: (request: FastifyRequest): Attempt | undefined => {
      const [state, nonce, verifier] = request.cookies[nameFor(request)]?.split('.') ?? []
      return state && nonce && verifier ? { state, nonce, verifier } : undefined
    },
    clear: (request: FastifyRequest, reply: FastifyReply): void => {
      reply.clearCookie(nameFor(request), flags)
    },
  }
}
