import type { Role } from './access.ts'
import type { Connection, WriteResult } from './engine.ts'
import { Failure } from './failure.ts'
import { refuseDangerous } from './forbidden.ts'
import { feedInsert } from './insert.ts'
import { checkSubstitutions, type Parameters, refuseNewerNativeRevision } from './parameters.ts'
import type { Pipes } from './pipes.ts'
import { quoteString } from './quote.ts'
import { contentType, type Reply, type Summary } from './reply.ts'
import { HOLD_BYTES, HOLD_LONG_BYTES, streamRows } from './rows.ts'
import type { RunningStatement, RunningStatements } from './running.ts'
import { readAhead, type Source } from './source.ts'
import type { Statement } from './statement.ts'
import { tokens } from './tokens.ts'

export interface Execution {
  connection: Connection
  pipes: Pipes
  statements: RunningStatements
  prepared: string
  source: Source
  parameters: Parameters
  role: Role
  mayWrite: boolean
  reply: Reply
}

/** Runs the statement and ends the reply. @throws Failure or the engine's error; part of the reply may be sent */
export async function execute(execution: Execution, running: RunningStatement): Promise<void> {
  const { statement } = execution.source
  refuseNewerNativeRevision(outputOf(statement, execution.parameters), execution.parameters.nativeRevision)
  if (statement.kind === 'insert') await withPipe(execution, (pipe) => runInsert(execution, statement, running, pipe))
  else if (statement.kind === 'rows') await withPipe(execution, (pipe) => runRows(execution, statement, running, pipe))
  else if (statement.killedId !== undefined) await runKill(execution, statement.killedId)
  else await runCommand(execution, statement, running)
}

function outputOf(statement: Statement, { defaultFormat }: Parameters): string {
  if (statement.kind === 'insert') return 'Null'
  return (statement.kind === 'rows' ? statement.format : undefined) ?? defaultFormat
}

type Kind<K extends Statement['kind']> = Extract<Statement, { kind: K }>

async function runInsert(execution: Execution, statement: Kind<'insert'>, running: RunningStatement, pipe: string) {
  if (!execution.mayWrite) throw readonlyRefusal()
  const began = process.hrtime.bigint()
  const head = utf8(marked(statement.head, statement.firstWordEnd, running))
  const settings = utf8(statement.settings)
  const sql = `${head}\nFROM INFILE ${quoteString(pipe)} COMPRESSION 'none' ${settings}\nFORMAT ${statement.format}`
  await requireOneStatement(execution.connection, sql)
  const guard = statement.format.toUpperCase() === 'VALUES' ? await valuesGuard(execution) : ''
  const text = execution.prepared + guard + sql
  const result = await feedInsert(execution.connection, text, pipe, execution.source, running)
  execution.reply.end(summary(began, writtenOf(result)), [])
}

/** Returns SET statements: the engine may evaluate expressions in VALUES only if all the data was read and checked. */
async function valuesGuard({ source, parameters }: Execution): Promise<string> {
  const data = await readAhead(source)
  const isKnown = data !== undefined && isReadable(data)
  if (isKnown && parameters.session !== undefined) checkSubstitutions(data, parameters.bound)
  const level = isKnown ? 1 : 0
  return ['interpret_expressions', 'deduce_templates_of_expressions']
    .map((name) => `SET input_format_values_${name}=${level};\n`)
    .join('')
}

/** Returns true if the data can be split into tokens. @throws Failure ACCESS_DENIED if a token is a forbidden name */
function isReadable(data: string): boolean {
  try {
    refuseDangerous([...tokens(data)])
    return true
  } catch (error) {
    if (error instanceof Failure && error.code === 497) throw error
    return false
  }
}

async function runRows(execution: Execution, statement: Kind<'rows'>, running: RunningStatement, pipe: string) {
  const { reply, parameters, connection } = execution
  const began = process.hrtime.bigint()
  const format = statement.format ?? parameters.defaultFormat
  const body = utf8(marked(statement.body, statement.firstWordEnd, running))
  const tail = statement.format === undefined ? `FORMAT ${format}` : utf8(statement.tail)
  const queryClass = await requireOneStatement(connection, `${body}\n${tail}`)
  if (queryClass !== 0 && !execution.mayWrite) throw readonlyRefusal()
  reply.header('X-ClickHouse-Format', format)
  reply.header('Content-Type', contentType(format))
  const sql = `${execution.prepared}${body}\nINTO OUTFILE ${quoteString(pipe)} TRUNCATE COMPRESSION 'none'\n${tail}`
  const holdBytes = parameters.waitEndOfQuery ? HOLD_LONG_BYTES : HOLD_BYTES
  const { result, held } = await streamRows(connection, sql, pipe, reply, format, holdBytes)
  // With FORMAT Null the engine counts no rows.
  const counts = /^null$/i.test(format) ? {} : { result_rows: result.rowsRead }
  reply.end(summary(began, counts), held)
}

async function runCommand(execution: Execution, statement: Kind<'command'>, running: RunningStatement) {
  const { reply, connection } = execution
  const began = process.hrtime.bigint()
  const sql = utf8(marked(statement.text, statement.firstWordEnd, running))
  const queryClass = await requireOneStatement(connection, sql)
  if (!execution.mayWrite && queryClass !== 0 && !['SET', 'USE'].includes(statement.keyword)) throw readonlyRefusal()
  if (statement.keyword === 'INSERT' || statement.keyword === 'WITH') {
    const result = await connection.write(execution.prepared + sql)
    reply.end(summary(began, writtenOf(result)), [])
    return
  }
  await answerWhole(execution, execution.prepared + sql, began)
}

/** Kills the statements with a query_id of the client, which the engine does not know. Waits until they have ended. */
async function runKill(execution: Execution, queryId: string): Promise<void> {
  const began = process.hrtime.bigint()
  const killed = execution.statements.all.filter((one) => one.queryId === queryId)
  if (killed.some((one) => one.user !== execution.role) && execution.role !== 'writer') throw readonlyRefusal()
  await Promise.all(killed.map((one) => one.kill()))
  const columns = `'finished' AS kill_status, ${quoteString(queryId)} AS query_id, ${quoteString(execution.role)} AS user`
  await Promise.all(killed.map((one) => one.ended))
  await answerWhole(execution, `SELECT ${columns} LIMIT ${killed.length}`, began)
}

async function answerWhole(execution: Execution, sql: string, began: bigint): Promise<void> {
  const { reply, parameters, connection } = execution
  const result = await connection.run(sql, parameters.defaultFormat)
  reply.header('X-ClickHouse-Format', parameters.defaultFormat)
  reply.header('Content-Type', contentType(parameters.defaultFormat))
  reply.end(summary(began, { result_rows: result.rowsRead }), [result.bytes])
}

/**
 * Returns the class of the statement `sql`. If the engine does not count one statement in it, throws the syntax error,
 * which formatQuery finds without running anything.
 */
async function requireOneStatement(connection: Connection, sql: string): Promise<number> {
  const { statementCount, queryClass } = await connection.classify(sql)
  if (statementCount === 1) return queryClass
  await connection.run(`SELECT formatQuery(${quoteString(sql)})`, 'Null')
  throw new Failure(62, 'SYNTAX_ERROR', 'Syntax error: one statement is expected (Multi-statements are not allowed).')
}

async function withPipe(execution: Execution, use: (pipe: string) => Promise<void>): Promise<void> {
  const pipe = execution.pipes.take()
  try {
    await use(pipe)
  } finally {
    execution.pipes.give(pipe)
  }
}

function readonlyRefusal(): Failure {
  return new Failure(164, 'READONLY', 'Cannot execute query in readonly mode.')
}

/** Puts the marker after the first word: there, the marker remains in the engine's list of running queries. */
function marked(text: string, firstWordEnd: number, running: RunningStatement): string {
  return `${text.slice(0, firstWordEnd)}/*${running.marker}*/${text.slice(firstWordEnd)}`
}

function utf8(latin1: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(latin1, 'latin1'))
  } catch {
    throw new Failure(62, 'SYNTAX_ERROR', 'Syntax error: the statement is not valid UTF-8.')
  }
}

function writtenOf({ rowsWritten, bytesWritten }: WriteResult): Partial<Summary> {
  return { written_rows: rowsWritten, written_bytes: bytesWritten }
}

function summary(began: bigint, counts: Partial<Summary>): Summary {
  return { ...counts, elapsed_ns: Number(process.hrtime.bigint() - began) }
}
