import type { Socket } from 'node:net'
import type { Connection, WriteResult } from './engine.ts'
import { Failure } from './failure.ts'
import { openWriter, wakeReader } from './pipes.ts'
import type { RunningStatement } from './running.ts'
import type { Source } from './source.ts'

const WAKE_MS = 50

/**
 * Runs an INSERT that reads from `pipe`, and writes the request's data into the pipe. If the request breaks off, the
 * statement is killed before it sees an end of file, so that nothing is stored.
 * @throws the engine's error, or the error of the request
 */
export async function feedInsert(
  connection: Connection,
  sql: string,
  pipe: string,
  source: Source,
  running: RunningStatement,
): Promise<WriteResult> {
  let isOver = false
  const result = connection.write(sql).finally(() => {
    isOver = true
  })
  result.catch(() => {})
  const writer = await openWriter(pipe, () => isOver)
  if (writer === undefined) {
    await result
    throw new Failure(1001, 'STD_EXCEPTION', 'The engine did not read the data of this INSERT.')
  }
  writer.on('error', () => {})
  const closed = new Promise<void>((resolve) => writer.once('close', resolve))
  try {
    await pump(source, writer)
    writer.end()
  } catch (error) {
    await running.kill()
    writer.destroy()
    await settle(result, pipe, closed).catch(() => {})
    throw error
  }
  return settle(result, pipe, closed)
}

/** Waits for the statement. After some errors the engine waits forever for a new writer, so it is woken repeatedly. */
async function settle(result: Promise<WriteResult>, pipe: string, closed: Promise<unknown>): Promise<WriteResult> {
  const settled = result.then(
    () => {},
    () => {},
  )
  await Promise.race([closed, settled])
  const timer = setInterval(() => wakeReader(pipe), WAKE_MS)
  try {
    return await result
  } finally {
    clearInterval(timer)
  }
}

async function pump(source: Source, writer: Socket): Promise<void> {
  let chunk: Buffer | undefined = source.begun
  while (chunk !== undefined) {
    if (writer.destroyed) return
    if (chunk.length > 0 && !writer.write(chunk)) await roomIn(writer)
    chunk = await source.body.next()
  }
}

function roomIn(writer: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const settle = () => {
    writer.off('drain', settle)
    writer.off('close', settle)
    resolve()
  }
  writer.on('drain', settle)
  writer.on('close', settle)
  return promise
}
