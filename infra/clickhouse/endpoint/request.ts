import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { authenticate, type Role } from './access.ts'
import type { Credentials } from './credentials.ts'
import { encoderFor } from './encoding.ts'
import type { Connection, Engine } from './engine.ts'
import { Failure, fromEngine } from './failure.ts'
import { feedInsert } from './insert.ts'
import { checkIdentifierParameters, type Parameters, preparation, readParameters } from './parameters.ts'
import type { Pipes } from './pipes.ts'
import type { Queue } from './queue.ts'
import { quoteString } from './quote.ts'
import { contentType, type Reply, type Summary } from './reply.ts'
import { streamRows } from './rows.ts'
import type { Running, RunningStatements } from './running.ts'
import type { Sessions } from './sessions.ts'
import { readSource, type Source } from './source.ts'
import type { Statement } from './statement.ts'

export interface Service {
  engine: Engine
  pipes: Pipes
  queue: Queue
  running: RunningStatements
  sessions: Sessions
  credentials: Credentials
}

/** Answers one request that carries a statement. Never throws: errors are told to the client. */
export async function answer(service: Service, request: IncomingMessage, reply: Reply): Promise<void> {
  try {
    const url = new URL(request.url ?? '/', 'http://localhost').searchParams
    const role = authenticate(request, url, service.credentials)
    const parameters = readParameters(url, request.headers as Record<string, string | undefined>)
    const queryId = parameters.queryId ?? randomUUID()
    reply.header('X-ClickHouse-Query-Id', queryId)
    if (parameters.compressResponse) reply.compressWith(encoderFor(request.headers['accept-encoding']))
    const readonly = readonlyOf(request, role, parameters)
    const source = await readSource(request, parameters.query)
    checkIdentifierParameters(textOf(source.statement), parameters.bound)
    const gone = new AbortController()
    reply.response.once('close', () => gone.abort())
    const leave = await service.queue.enter(gone.signal)
    try {
      await withConnection(service, role, parameters, readonly, (connection, prepared) =>
        execute(service, {
          connection,
          prepared,
          source,
          parameters,
          queryId,
          role,
          readonly,
          reply,
          gone: gone.signal,
        }),
      )
    } finally {
      leave()
    }
  } catch (error) {
    reply.fail(fromEngine(error))
    // Whatever the client still sends is taken and thrown away, so that it reads the answer.
    request.resume()
  }
}

interface Execution {
  connection: Connection
  /** The SET and USE statements that come before the client's, in one text. */
  prepared: string
  source: Source
  parameters: Parameters
  queryId: string
  role: Role
  readonly: number
  reply: Reply
  gone: AbortSignal
}

async function execute(service: Service, execution: Execution): Promise<void> {
  const { source, queryId, role, gone } = execution
  if (service.running.hasId(queryId)) {
    throw new Failure(216, 'QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING', `Query with id = ${queryId} is already running.`)
  }
  await service.running.track(queryId, role, async (running) => {
    if (gone.aborted) throw new Failure(210, 'NETWORK_ERROR', 'The client left.')
    const kill = () => void running.killNow()
    gone.addEventListener('abort', kill, { once: true })
    try {
      if (source.statement.kind === 'insert') await runInsert(service, execution, source.statement, running)
      else if (source.statement.kind === 'rows') await runRows(service, execution, source.statement, running)
      else await runCommand(execution, source.statement, running)
    } finally {
      gone.removeEventListener('abort', kill)
    }
  })
}

type Kind<K extends Statement['kind']> = Extract<Statement, { kind: K }>

async function runInsert(service: Service, execution: Execution, statement: Kind<'insert'>, running: Running) {
  if (execution.readonly > 0) throw readonlyRefusal()
  const pipe = service.pipes.take()
  try {
    const began = process.hrtime.bigint()
    const head = utf8(marked(statement.head, statement.firstWordEnd, running))
    const settings = utf8(statement.settings)
    const sql = `${head}\nFROM INFILE ${quoteString(pipe)} COMPRESSION 'none' ${settings}\nFORMAT ${statement.format}`
    await mustBeOne(execution.connection, sql)
    const result = await feedInsert(execution.connection, execution.prepared + sql, pipe, execution.source, running)
    execution.reply.end(summary(began, { writtenRows: result.rowsWritten, writtenBytes: result.bytesWritten }), [])
  } finally {
    service.pipes.give(pipe)
  }
}

async function runRows(service: Service, execution: Execution, statement: Kind<'rows'>, running: Running) {
  const { reply, parameters, connection } = execution
  const pipe = service.pipes.take()
  try {
    const began = process.hrtime.bigint()
    const format = statement.format ?? parameters.defaultFormat
    const body = utf8(marked(statement.body, statement.firstWordEnd, running))
    const tail = statement.format === undefined ? `FORMAT ${format}` : utf8(statement.tail)
    await mustBeOne(connection, `${body}\n${tail}`)
    reply.header('X-ClickHouse-Format', format)
    reply.header('Content-Type', contentType(format))
    // The line break: the statement may end in a comment.
    const sql = `${body}\nINTO OUTFILE ${quoteString(pipe)} TRUNCATE COMPRESSION 'none'\n${tail}`
    const { result, held } = await streamRows(connection, execution.prepared + sql, pipe, reply)
    reply.end(summary(began, { readRows: result.rowsRead, readBytes: result.bytesRead }), held)
  } finally {
    service.pipes.give(pipe)
  }
}

async function runCommand(execution: Execution, statement: Kind<'command'>, running: Running) {
  const { reply, parameters, connection } = execution
  const began = process.hrtime.bigint()
  const sql = utf8(marked(statement.text, statement.firstWordEnd, running))
  const queryClass = await mustBeOne(connection, sql)
  if (execution.readonly > 0 && queryClass !== 0 && !['SET', 'USE'].includes(statement.keyword)) throw readonlyRefusal()
  if (statement.keyword === 'INSERT' || statement.keyword === 'WITH') {
    const result = await connection.write(execution.prepared + sql)
    return reply.end(summary(began, { writtenRows: result.rowsWritten, writtenBytes: result.bytesWritten }), [])
  }
  const result = await connection.run(execution.prepared + sql, parameters.defaultFormat)
  reply.header('X-ClickHouse-Format', parameters.defaultFormat)
  reply.header('Content-Type', contentType(parameters.defaultFormat))
  reply.end(summary(began, { readRows: result.rowsRead, readBytes: result.bytesRead }), [result.bytes])
}

/**
 * The engine's own count must agree that this is one statement: whatever it and our tokenizer read differently is never
 * run. What it cannot parse goes through formatQuery, which explains and runs nothing.
 */
async function mustBeOne(connection: Connection, sql: string): Promise<number> {
  const { statementCount, queryClass } = await connection.classify(sql)
  if (statementCount === 1) return queryClass
  await connection.run(`SELECT formatQuery(${quoteString(sql)})`, 'Null')
  throw new Failure(62, 'SYNTAX_ERROR', 'Syntax error: one statement is expected (Multi-statements are not allowed).')
}

async function withConnection(
  service: Service,
  role: Role,
  parameters: Parameters,
  readonly: number,
  use: (connection: Connection, prepared: string) => Promise<void>,
): Promise<void> {
  if (parameters.session !== undefined) {
    const session = service.sessions.take(role, parameters.session)
    // A reader's session is read-only from its first statement; it can be set only once.
    const level = role === 'reader' && session.isNew ? readonly : 0
    try {
      return await use(session.connection, preparation(parameters, level))
    } finally {
      session.release()
    }
  }
  const connection = service.engine.connect()
  try {
    await use(connection, preparation(parameters, readonly))
  } finally {
    connection.close()
  }
}

/** GET never writes; 2 keeps settings changeable, as the server does. */
function readonlyOf(request: IncomingMessage, role: Role, parameters: Parameters): number {
  if (parameters.readonly === 1) return 1
  return parameters.readonly === 2 || role === 'reader' || request.method !== 'POST' ? 2 : 0
}

function readonlyRefusal(): Failure {
  return new Failure(164, 'READONLY', 'Cannot execute query in readonly mode.')
}

/** The comment stands after the first word, so that it is part of the text by which the engine lists the statement. */
function marked(text: string, firstWordEnd: number, running: Running): string {
  return `${text.slice(0, firstWordEnd)}/*${running.marker}*/${text.slice(firstWordEnd)}`
}

function utf8(latin1: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(latin1, 'latin1'))
  } catch {
    throw new Failure(62, 'SYNTAX_ERROR', 'Syntax error: the statement is not valid UTF-8.')
  }
}

function textOf(statement: Statement): string {
  if (statement.kind === 'insert') return statement.head + statement.settings
  return statement.kind === 'rows' ? statement.body + statement.tail : statement.text
}

function summary(began: bigint, counts: Partial<Summary>): Summary {
  const elapsedNs = Number(process.hrtime.bigint() - began)
  return { readRows: 0, readBytes: 0, writtenRows: 0, writtenBytes: 0, elapsedNs, ...counts }
}
