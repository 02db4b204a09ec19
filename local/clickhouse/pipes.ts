import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdirSync, openSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const FOLDER = 'pipes'

/**
 * Named pipes through which bytes go into and come out of the engine. Paths are relative to the working directory,
 * which is the data directory. The engine makes them absolute and expands globs in them, so config.ts refuses those.
 */
export interface Pipes {
  take(): string
  give(path: string): void
}

/**
 * Makes `count` pipes in the working directory, once: Node cannot make them, and a mkfifo process costs 4 ms.
 * Those of a killed predecessor are removed first, so call it when the data directory is ours.
 */
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
 * The end from which the engine's output is read; open it before the statement starts. `finish` makes the end of file
 * come when all is read: call it when the statement is over. Until then we hold the pipe open ourselves, because the
 * engine opens it anew after some errors, and would wait for a reader for ever.
 */
export function openReader(path: string): { reader: Socket; finish: () => void } {
  const held = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  return { reader: new Socket({ fd, readable: true, writable: false }), finish: () => closeSync(held) }
}

/** The end into which data is written, as soon as the engine has opened its own; undefined when `isOver` before that. */
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

/** Gives whoever waits for the data of a pipe, all of which was written, an end of file. */
export function wakeReader(path: string): void {
  const fd = tryOpenWriter(path)
  if (fd !== undefined) closeSync(fd)
}
