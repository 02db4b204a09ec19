import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { authenticate, type Role } from './access.ts'
import type { Credentials } from './credentials.ts'
import { encoderFor } from './encoding.ts'
import type { Connection, Engine } from './engine.ts'
import { execute } from './execute.ts'
import { Failure, fromEngine } from './failure.ts'
import { isMultipart, readForm } from './form.ts'
import {
  checkIdentifierParameters,
  checkSubstitutions,
  type Parameters,
  readParameters,
  setStatements,
} from './parameters.ts'
import type { Pipes } from './pipes.ts'
import type { Queue } from './queue.ts'
import type { Reply } from './reply.ts'
import { type RunningStatements, withTimeLimit } from './running.ts'
import type { Sessions } from './sessions.ts'
import { Body, readSource } from './source.ts'
import { statementText } from './statement.ts'

export interface Service {
  engine: Engine
  pipes: Pipes
  queue: Queue
  statements: RunningStatements
  sessions: Sessions
  credentials: Credentials
  readerLimitMs: number
  stallMs: number
}

/** Time in which a client may go on sending a refused body, ms. Then the connection is closed. */
const DISCARD_MS = 30_000
/** Time in which a client with a failed login may send its body, ms. Closing earlier would reset the connection. */
const REFUSED_MS = 1_000

/** Answers one request that carries a statement. Never throws: the client receives the error. */
export async function answer(service: Service, request: IncomingMessage, reply: Reply): Promise<void> {
  const gone = new AbortController()
  reply.response.once('close', () => gone.abort())
  // Fires also while a query has not written anything yet. A client is stalled only if bytes wait for it.
  reply.response.setTimeout(service.stallMs, () => {
    if (reply.response.writableLength > 0) reply.response.destroy()
  })
  if (reply.response.destroyed) gone.abort()
  try {
    await serve(service, request, reply, gone.signal)
  } catch (error) {
    const failure = fromEngine(error)
    // Connections of clients that are not authenticated are closed.
    if (failure.code === 516) {
      reply.header('Connection', 'close')
      await drain(request, REFUSED_MS)
    }
    reply.fail(failure)
    discard(request)
  }
}

async function serve(service: Service, request: IncomingMessage, reply: Reply, gone: AbortSignal): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost').searchParams
  const role = authenticate(request, url, service.credentials)
  const body = new Body(request, service.stallMs)
  const isForm = isMultipart(request)
  if (isForm) for (const [name, value] of await readForm(request, body)) url.append(name, value)
  const parameters = readParameters(url, request.headers as Record<string, string | undefined>)
  const queryId = parameters.queryId ?? randomUUID()
  reply.header('X-ClickHouse-Query-Id', queryId)
  if (parameters.compressResponse) reply.compressWith(encoderFor(request.headers['accept-encoding']))
  // As in the server, a line break joins the query of the URL and the body. The fields of a form are the whole text.
  const hasMore = parameters.query !== '' && !isForm
  const source = await readSource(body, hasMore ? `${parameters.query}\n` : parameters.query)
  checkIdentifierParameters(statementText(source.statement), parameters.bound)
  if (parameters.session !== undefined) checkSubstitutions(statementText(source.statement), parameters.bound)
  if (service.statements.hasId(queryId)) {
    throw new Failure(216, 'QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING', `Query with id = ${queryId} is already running.`)
  }
  const readonly = readonlyOf(request, role, parameters)
  const { statements, pipes } = service
  const leave = await service.queue.enter(gone, role)
  try {
    await withConnection(service, role, parameters, readonly, (connection, prepared) =>
      statements.track(queryId, role, gone, (running) => {
        const mayWrite = readonly === 0
        const run = { connection, pipes, statements, prepared, source, parameters, role, mayWrite, reply }
        const work = execute(run, running)
        return role === 'reader' ? withTimeLimit(service.readerLimitMs, running, work) : work
      }),
    )
  } finally {
    leave()
  }
}

async function withConnection(
  service: Service,
  role: Role,
  parameters: Parameters,
  readonly: number,
  use: (connection: Connection, prepared: string) => Promise<void>,
): Promise<void> {
  if (parameters.session !== undefined) {
    const wanted = { ...parameters.session, isReadonly: role === 'reader' }
    return service.sessions.use(role, wanted, parameters, (connection) => use(connection, setStatements(parameters, 0)))
  }
  const connection = service.engine.connect()
  try {
    await use(connection, setStatements(parameters, readonly))
  } finally {
    connection.close()
  }
}

/** Returns the level of `readonly`: 0 all, 1 only reads, 2 also changes of settings. Only the writer's POST gets 0. */
function readonlyOf(request: IncomingMessage, role: Role, parameters: Parameters): number {
  if (parameters.readonly === 1) return 1
  return parameters.readonly === 2 || role === 'reader' || request.method !== 'POST' ? 2 : 0
}

async function drain(request: IncomingMessage, timeoutMs: number): Promise<void> {
  if (request.complete || request.destroyed) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, timeoutMs)
  for (const event of ['end', 'close']) request.once(event, resolve)
  request.resume()
  await promise
  clearTimeout(timer)
}

/** Reads and drops the rest of a refused body, because many clients read the response only after sending. */
function discard(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return
  const timer = setTimeout(() => request.destroy(), DISCARD_MS)
  request.once('close', () => clearTimeout(timer))
  request.once('end', () => clearTimeout(timer))
  request.unpipe()
  request.resume()
}
