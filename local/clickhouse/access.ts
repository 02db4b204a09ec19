import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Credentials } from './credentials.ts'
import { Failure } from './failure.ts'

export type Role = 'writer' | 'reader'

/**
 * Returns why a request is refused: a foreign Host (DNS rebinding) or any Origin hints at a web page; else undefined.
 */
export function refuseOutsider(request: IncomingMessage): string | undefined {
  const host = (request.headers.host ?? '').toLowerCase()
  const port = request.socket.localPort
  const ours = [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]
  if (!ours.includes(host)) return `This endpoint answers only to ${ours.join(', ')}.`
  const fetchSite = request.headers['sec-fetch-site']
  if (request.headers.origin !== undefined || (fetchSite !== undefined && fetchSite !== 'none')) {
    return 'This endpoint does not answer to web pages.'
  }
  return undefined
}

/** Reads X-ClickHouse-User/Key, else Basic auth, else the URL. @throws Failure AUTHENTICATION_FAILED */
export function authenticate(request: IncomingMessage, url: URLSearchParams, credentials: Credentials): Role {
  const { user, password } = given(request, url)
  const writer = same(user, credentials.writer.user) && same(password, credentials.writer.password)
  const reader = same(user, credentials.reader.user) && same(password, credentials.reader.password)
  if (writer) return 'writer'
  if (reader) return 'reader'
  const who = user.slice(0, 60)
  const sentence = `${who}: Authentication failed: password is incorrect, or there is no user with such name.`
  throw new Failure(516, 'AUTHENTICATION_FAILED', sentence)
}

function given(request: IncomingMessage, url: URLSearchParams): { user: string; password: string } {
  const user = request.headers['x-clickhouse-user']
  if (typeof user === 'string') return { user, password: String(request.headers['x-clickhouse-key'] ?? '') }
  const basic = /^Basic\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (basic !== undefined) {
    const text = Buffer.from(basic, 'base64').toString('utf8')
    const colon = text.indexOf(':')
    return colon < 0 ? { user: text, password: '' } : { user: text.slice(0, colon), password: text.slice(colon + 1) }
  }
  return { user: url.get('user') ?? 'default', password: url.get('password') ?? '' }
}

/** Compares digests, because timingSafeEqual needs equal lengths. Digests also hide the length of the secret. */
function same(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(left), digest(right))
}
