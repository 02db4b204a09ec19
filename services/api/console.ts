// The console: static files that `npm run setup` builds from console/.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import serveStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

const built = fileURLToPath(new URL('../../console/built', import.meta.url))

/** Paths that the console draws. The page itself reads the rest of the URL. */
export const consolePages = [
  '/',
  '/catalogue',
  '/series',
  '/completeness',
  '/changes',
  '/alerts',
  '/markets',
  '/operations',
  '/votes',
] as const

const isBuilt = existsSync(`${built}/index.html`)

/** A browser that goes to a page that there is not gets the console, which says so. */
export const isLostBrowser = ({ method, url, headers }: FastifyRequest): boolean =>
  isBuilt && method === 'GET' && /\btext\/html\b/.test(headers.accept ?? '') && !/^\/(api|time-machine|t)\//.test(url)

/** Sends the page of the console. */
export const sendConsole = (reply: FastifyReply): FastifyReply =>
  reply.header('Cache-Control', 'no-cache').sendFile('index.html')

/** Adds the pages of the console and their files. They hold no data, so everybody may read them. */
export async function addConsole(server: FastifyInstance): Promise<void> {
  if (!isBuilt) {
    server.log.warn('the console is not built: run `npm run setup`')
    for (const path of consolePages)
      server.get(path, { schema: { hide: true } }, (_request, reply) =>
        reply.code(503).type('text/plain; charset=utf-8').send('The console is not built yet: run `npm run setup`.\n'),
      )
    return
  }
  await server.register(serveStatic, {
    root: built,
    serve: false,
    index: false,
    cacheControl: false,
  })
  for (const path of consolePages) server.get(path, { schema: { hide: true } }, (_request, reply) => sendConsole(reply))
  server.get('/icon.svg', { schema: { hide: true } }, (_request, reply) => reply.sendFile('icon.svg'))
  // The names of these files are made of their content.
  server.get<{ Params: { file: string } }>('/assets/:file', { schema: { hide: true } }, (request, reply) =>
    reply.header('Cache-Control', 'public, max-age=31536000, immutable').sendFile(`assets/${request.params.file}`),
  )
}
