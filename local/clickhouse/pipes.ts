import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdirSync, openSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const FOLDER = 'pipes'

/** Named pipes for the engine's input and output. Paths are relative to the working directory, the data directory. */
export interface Pipes {
  take(): string
  give(path: string): void
}

/** Creates all pipes at the start, because mkfifo costs 4 ms. The caller must hold the lock on the data directory. */
export function makePipes(count: number): Pipes {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { mode: 0o700 })
  const free = Array.from({ length: count }, (_, index) => `${FOLDER}/${index}`)
  execFileSync('mkfifo', ['-m', '600', ...free])
  return {
    take() {
      const path = free.pop()
      if (path === undefined) throw new Error('no pipe is free: more queries than the limit allows')
      return path
    },
    give: (path) => void free.push(path),
  }
}

/**
 * Opens the reading end of a pipe. Call it before the statement starts, and `finish` after the statement has ended.
 * Until `finish` the pipe has a reader: after some errors the engine opens the pipe again and would wait forever for a
 * reader.
 */
export function openReader(path: string): { reader: Socket; finish: () => void } {
  const held = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  return { reader: new Socket({ fd, readable: true, writable: false }), finish: () => closeSync(held) }
}

/** Resolves to the writing end when the engine has opened the pipe; to undefined if `isOver` returns true before. */
export async function openWriter(path: string, isOver: () => boolean): Promise<Socket | undefined> {
  while (!isOver()) {
    const fd = tryOpenWriter(path)
    if (fd !== undefined) return new Socket({ fd, readable: false, writable: true })
    await sleep(1)
  }
  return undefined
}

function tryOpenWriter(path: string): number | undefined {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENXIO') return undefined
    throw error
  }
}

/** Sends an end of file to a reader that waits on a pipe without a writer. */
export function wakeReader(path: string): void {
  const fd = tryOpenWriter(path)
  if (fd !== undefined) closeSync(fd)
}
