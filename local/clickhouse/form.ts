import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { Failure } from './failure.ts'
import type { Body } from './source.ts'

const MAX_FORM_BYTES = 8 * 1024 * 1024

export function isMultipart(request: IncomingMessage): boolean {
  return /^multipart\/form-data/i.test(request.headers['content-type'] ?? '')
}

/**
 * Reads the fields of a multipart/form-data body, in which clients send long queries and their parameters.
 * @throws Failure NOT_IMPLEMENTED for files (external tables), BAD_ARGUMENTS for a body that is malformed or too large
 */
export async function readForm(request: IncomingMessage, body: Body): Promise<[string, string][]> {
  const chunks: Buffer[] = []
  let bytes = 0
  for (let next = await body.next(); next !== undefined; next = await body.next()) {
    chunks.push(next)
    bytes += next.length
    if (bytes > MAX_FORM_BYTES) throw malformed(`it has more than ${MAX_FORM_BYTES} bytes`)
  }
  const content = Buffer.concat(chunks)
  // The form parser would replace invalid bytes, and a different text would be stored.
  if (!isUtf8(content)) throw malformed('it is not UTF-8')
  const form = await parsed(content, request.headers['content-type'] ?? '')
  return [...form].map(([name, value]) => {
    if (typeof value !== 'string') throw new Failure(48, 'NOT_IMPLEMENTED', 'External tables are not served.')
    return [name, value]
  })
}

async function parsed(content: Buffer, contentType: string): Promise<FormData> {
  try {
    return await new Response(content, { headers: { 'content-type': contentType } }).formData()
  } catch {
    const parts = 'each part needs a name, and the boundary of the Content-Type before and after it'
    throw malformed(`it is not a whole form: ${parts}`)
  }
}

function malformed(why: string): Failure {
  return new Failure(36, 'BAD_ARGUMENTS', `The multipart/form-data body cannot be read: ${why}.`)
}
