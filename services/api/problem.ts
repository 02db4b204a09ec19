// Errors as problem+json (RFC 9457): what is wrong, where, and what to do.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { errorKind } from '#platform/clickhouse/errors.ts'
import { UserError } from '#platform/process/user-error.ts'
import { type RequestPart, type ValidationIssue, validationText } from './validation-text.ts'

/** The body of every error. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  instance: z.string(),
})

/** An error that the client sees, with its HTTP status. */
export class Problem extends Error {
  readonly status: number
  readonly title: string
  readonly headers: Record<string, string>

  constructor(status: number, title: string, detail: string, headers: Record<string, string> = {}) {
    super(detail)
    this.status = status
    this.title = title
    this.headers = headers
  }
}

const maxDetailChars = 2_000

/** Sends an error as problem+json. An error that is not the client's is logged; its text stays inside. */
export function sendProblem(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  // The client has gone: nobody reads an answer.
  if (reply.raw.destroyed) return
  const problem = problemOf(error, request)
  if (problem.status === 500) request.log.error({ err: error, url: request.url }, 'the API cannot answer')
  if (reply.raw.headersSent) return void reply.raw.destroy()
  reply
    .code(problem.status)
    .headers(problem.headers)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: `urn:tidemark:problem:${problem.title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`,
        title: problem.title,
        status: problem.status,
        detail: problem.message.slice(0, maxDetailChars),
        instance: request.url.split('?')[0],
      }),
    )
}

type FastifyLikeError = Error & { statusCode?: number; code?: string; validationContext?: string }

function problemOf(error: FastifyLikeError, request: FastifyRequest): Problem {
  if (error instanceof Problem) return error
  if (error instanceof UserError) return new Problem(400, 'Bad request', error.message)
  if (hasZodFastifySchemaValidationErrors(error))
    return invalid(error.validation, error.validationContext as RequestPart, request)
  if (error.name === 'TransientError') return away('Kafka or the schema registry')
  if (isOfStore(error)) return storeProblem(error)
  const { statusCode } = error
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new Problem(statusCode, statusCode === 429 ? 'Too many requests' : 'Bad request', error.message)
  return new Problem(500, 'Internal error', 'The API failed at this request. Its log says why.')
}

function invalid(issues: readonly ValidationIssue[], part: RequestPart, request: FastifyRequest): Problem {
  const values = { querystring: request.query, body: request.body, params: request.params, headers: request.headers }
  const schema = request.routeOptions.schema?.[part]
  return new Problem(400, 'Bad request', validationText(issues, { part, value: values[part], schema }))
}

const isOfStore = (error: { code?: string; message: string }): boolean =>
  /^\d+$/.test(error.code ?? '') || error.message === 'Timeout error.' || /^E[A-Z]+$/.test(error.code ?? '')

/** Codes of a value that the store cannot read as its type. */
const unreadable = ['6', '26', '27', '38', '41', '53', '69', '72', '376', '457']

const tooMuch: Record<string, string> = {
  '158': 'It reads too many rows.',
  '159': 'It takes too long.',
  '160': 'It would take too long.',
  '241': 'It needs too much memory.',
  '396': 'It has too many rows.',
}

function storeProblem(error: Error & { code?: string }): Problem {
  const limit = tooMuch[error.code ?? '']
  if (limit !== undefined) {
    const advice = 'Ask for a shorter span, for one dataset, or for one key.'
    return new Problem(422, 'Too large', `${limit} ${advice}`)
  }
  if (unreadable.includes(error.code ?? '')) {
    return new Problem(400, 'Bad request', 'A parameter or the cursor has a value that is not of its type.')
  }
  if (errorKind(error) === 'retry') return away('The store')
  return new Problem(
    500,
    'Internal error',
    'The store refused the statement of this request. The log of the API says why.',
  )
}

const away = (what: string): Problem =>
  new Problem(503, 'Not available', `${what} does not answer. Try again in a few seconds.`, { 'Retry-After': '5' })
