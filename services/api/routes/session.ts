// The session of a browser: a token becomes a cookie, by a login or by a link that `npx tidemark open` prints.
import { z } from 'zod'
import { roles } from '#core/api-token.ts'
import { anonymous, refusedToken, refuseOtherOrigin } from '../access.ts'
import type { ApiParts, TypedServer } from '../parts.ts'
import { Problem } from '../problem.ts'
import { sessionCookie } from '../session/cookie.ts'
import { linkPage, sendPage } from '../session/pages.ts'

const path = '/api/v1/session'
const tags = ['session']
const nothing = { 204: z.null().describe('It is done') }

const who = z.object({
  name: z.string().describe('as audit records name the caller'),
  role: z.enum(roles),
  source: z.string().nullable().describe('the only source whose datasets the caller may change; null: all'),
  expires: z.string().nullable().describe('from when on the caller is refused; null: never'),
  anonymous: z.boolean().describe('true: the request had no credentials'),
})

/** Adds the login, the logout, and who one is. */
export function addSessionRoutes(server: TypedServer, { access, publicUrl, sessions }: ApiParts): void {
  const cookie = sessionCookie(publicUrl)
  const body = z.strictObject({ token: z.string().trim().min(1).max(200) })
  server.post(
    path,
    { schema: { summary: 'Log in: a cookie that holds a token', tags, body, response: nothing } },
    async (request, reply) => {
      refuseOtherOrigin(request, publicUrl)
      const { token } = request.body
      const caller = access.callerOf(token)
      if (caller === undefined) throw refusedToken()
      cookie.set(request, reply, { text: token, expiresAt: caller.expiresAt })
      request.log.info({ caller: caller.name, role: caller.role }, 'a session has begun')
      return reply.code(204).send(null)
    },
  )
  server.get(
    path,
    { config: { role: 'reader' }, schema: { summary: 'Who the caller is', tags, response: { 200: who } } },
    async ({ caller }, reply) => {
      const { name, role, source, expiresAt } = caller
      const expires = expiresAt === null ? null : new Date(expiresAt).toISOString()
      reply.header('Cache-Control', 'no-store')
      return { name, role, source, expires, anonymous: caller === anonymous }
    },
  )
  server.delete(
    path,
    { schema: { summary: 'Log out: the cookie goes, and the session ends', tags, response: nothing } },
    async (request, reply) => {
      const { sessionId } = request.caller
      if (sessionId !== null) await sessions.end(sessionId)
      cookie.clear(request, reply)
      return reply.code(204).send(null)
    },
  )
}

const code = z.string().regex(/^[\w-]{1,100}$/, 'is not the code of a link')

/** Adds the page of a link, and its button. Their bodies are those of forms, so they need a scope of their own. */
export function addLinkRoutes(scope: TypedServer, { publicUrl, sessions }: ApiParts): void {
  const cookie = sessionCookie(publicUrl)
  const form = 'application/x-www-form-urlencoded'
  scope.addContentTypeParser(form, { parseAs: 'string', bodyLimit: 1_024 }, (_request, text, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(text)))),
  )
  const querystring = z.object({ code })
  scope.get(`${path}/once`, { schema: { hide: true, querystring } }, async (request, reply) => {
    const role = sessions.roleOfLink(request.query.code)
    if (role === undefined) throw usedLink
    return sendPage(reply, 200, linkPage(request.query.code, role))
  })
  scope.post(`${path}/once`, { schema: { hide: true, body: z.strictObject({ code }) } }, async (request, reply) => {
    refuseOtherOrigin(request, publicUrl)
    const session = await sessions.exchange(request.body.code)
    if (session === undefined) throw usedLink
    cookie.set(request, reply, session)
    request.log.info({ caller: session.caller }, 'a session has begun')
    return reply.header('Cache-Control', 'no-store').redirect('/', 303)
  })
}

const usedLink = new Problem(
  410,
  'Gone',
  'The link was used, has expired, or is unknown. `npx tidemark open` prints another one.',
)
