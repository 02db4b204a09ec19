import type { IncomingMessage } from 'node:http'
import { Failure } from './failure.ts'
import type { Body } from './source.ts'

const MAX_FORM_BYTES = 8 * 1024 * 1024
const BOUNDARY = /^multipart\/form-data\s*;.*\bboundary="?([^";]{1,200})"?/i

export function isMultipart(request: IncomingMessage): boolean {
  return /^multipart\/form-data/i.test(request.headers['content-type'] ?? '')
}

/**
 * Reads the form in which clients send long queries. @throws Failure 48 for files, 36 for an invalid or too long body
 */
export async function readForm(request: IncomingMessage, body: Body): Promise<[string, string][]> {
  const boundary = BOUNDARY.exec(request.headers['content-type'] ?? '')?.[1]
  if (boundary === undefined) throw malformed('it names no boundary')
  const chunks: Buffer[] = []
  let bytes = 0
  for (let next = await body.next(); next !== undefined; next = await body.next()) {
    chunks.push(next)
    bytes += next.length
    if (bytes > MAX_FORM_BYTES) throw malformed(`it has more than ${MAX_FORM_BYTES} bytes`)
  }
  const parts = `\r\n${utf8(Buffer.concat(chunks))}`.split(`\r\n--${boundary}`)
  if (parts.length < 2 || !parts.at(-1)?.startsWith('--')) throw malformed('its end is missing')
  return parts.slice(1, -1).map(field)
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw malformed('it is not UTF-8')
  }
}

function field(part: string): [string, string] {
  const blank = part.indexOf('\r\n\r\n')
  const head = part.slice(0, blank)
  const name = /^content-disposition:.*;\s*name="([^"]*)"/im.exec(head)?.[1]
  if (blank < 0 || name === undefined) throw malformed('a part has no name')
  if (/;\s*filename\*?=/i.test(head)) throw new Failure(48, 'NOT_IMPLEMENTED', 'External tables are not served.')
  return [name, part.slice(blank + 4)]
}

function malformed(why: string): Failure {
  return new Failure(36, 'BAD_ARGUMENTS', `The multipart/form-data body cannot be read: ${why}.`)
}
