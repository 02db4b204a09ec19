import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Connection, WriteResult } from './engine.ts'
import { openWriter } from './pipes.ts'
import type { Running } from './running.ts'
import { nextChunk, type Source } from './source.ts'

/**
 * Runs an INSERT that reads its data from `pipe` and feeds it the data of the request. When the data breaks off (the
 * client left, the compression is broken) the statement is killed first and only then sees the end of its data, so
 * that no part of it is stored.
 * @throws the engine's error, or the one that broke the data off
 */
export async function feedInsert(
  connection: Connection,
  sql: string,
  pipe: string,
  source: Source,
  running: Running,
): Promise<WriteResult> {
  let isOver = false
  const result = connection.write(sql).finally(() => {
    isOver = true
  })
  result.catch(() => {})
  const writer = await openWriter(pipe, () => isOver)
  if (writer === undefined) return result
  writer.on('error', () => {})
  try {
    await pump(source, writer)
  } catch (error) {
    await running.killNow()
    writer.destroy()
    await result.catch(() => {})
    throw error
  }
  writer.end()
  return result
}

/** Writes until the data or the engine's interest ends; waits while the pipe is full. */
async function pump(source: Source, writer: Socket): Promise<void> {
  let chunk: Buffer | undefined = source.begun
  while (chunk !== undefined) {
    if (writer.destroyed) return
    if (chunk.length > 0 && !writer.write(chunk)) await Promise.race([once(writer, 'drain'), once(writer, 'close')])
    chunk = await nextChunk(source.stream)
  }
}
