// Rows on their way to a slow client wait in a file, so that the client does not hold a place at the store.
import { closeSync, createReadStream, createWriteStream, openSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Problem } from './problem.ts'

const maxSpools = 40
let spools = 0

/**
 * Reads a stream to its end, and returns the same bytes as a stream that may be read at any pace. The file has no name: it
 * goes with the last who has it open. @throws the error of the stream; Problem 503 if too many answers wait
 */
export async function spooled(rows: Readable, signal: AbortSignal): Promise<Readable> {
  if (spools >= maxSpools) {
    rows.destroy()
    throw new Problem(503, 'Not available', 'Too many large answers are on their way. Try again.', {
      'Retry-After': '10',
    })
  }
  spools++
  try {
    const out = createReadStream('', { fd: await fileOf(rows, signal), start: 0 })
    out.on('error', () => {})
    out.once('close', () => {
      spools--
    })
    return out
  } catch (error) {
    spools--
    rows.destroy()
    throw error
  }
}

/** Returns a file descriptor. A FileHandle that a gone client leaves behind would end the process when it is collected. */
async function fileOf(rows: Readable, signal: AbortSignal): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-api-'))
  const fd = openSync(join(directory, 'rows'), 'w+')
  try {
    await rm(directory, { recursive: true })
    await pipeline(rows, createWriteStream('', { fd, autoClose: false }), { signal })
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}
