import { linkSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { pause } from '#platform/process/retry.ts'
import { isAlive, startedAt } from './process-table.ts'
import { readIfThere } from './read-if-there.ts'

/** Who holds a lock: a process id, and when that process began (ids are used again). */
interface Holder {
  pid: number
  startedAt: string | undefined
}

export interface Lock {
  release: () => void
}

/**
 * Takes the lock file `path` for this process, or gives the pid that holds it. A lock left by a process that is gone is
 * taken over, by one taker only.
 */
export async function tryLock(path: string): Promise<Lock | { heldBy: number }> {
  const mine: Holder = { pid: process.pid, startedAt: startedAt(process.pid) }
  const draft = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`
  writeFileSync(draft, JSON.stringify(mine))
  try {
    for (;;) {
      if (linked(draft, path)) return { release: () => release(path, mine) }
      const holder = lockHolder(path)
      if (holder !== undefined) return { heldBy: holder }
      removeStale(path)
      await pause(5)
    }
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Takes the lock, waiting as long as another living process holds it. */
export async function waitForLock(path: string, onWait: (pid: number) => void = () => undefined): Promise<Lock> {
  for (let told = false; ; told = true) {
    const lock = await tryLock(path)
    if ('release' in lock) return lock
    if (!told) onWait(lock.heldBy)
    await pause(200)
  }
}

/** The living process that holds the lock, if any. @throws UserError when the lock is not this user's to read. */
export function lockHolder(path: string): number | undefined {
  const holder = readHolder(path)
  const holds = holder && isAlive(holder.pid) && (!holder.startedAt || holder.startedAt === startedAt(holder.pid))
  return holds ? holder.pid : undefined
}

/** A hard link is made or fails in one step, and what it names is already written. */
function linked(draft: string, path: string): boolean {
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Removes a lock whose holder is gone. Two takers could both see the stale lock, and the second would remove what the
 * first has just taken: so only the one that made the directory beside it looks again and removes.
 */
function removeStale(path: string): void {
  const takeover = `${path}.takeover`
  try {
    mkdirSync(takeover)
  } catch {
    const age = statSync(takeover, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    if (Date.now() - age > 10_000) rmSync(takeover, { recursive: true, force: true })
    return
  }
  if (lockHolder(path) === undefined) rmSync(path, { force: true })
  rmSync(takeover, { recursive: true, force: true })
}

function readHolder(path: string): Holder | undefined {
  const text = readIfThere(path)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as Holder
  } catch {
    return undefined
  }
}

function release(path: string, mine: Holder): void {
  const holder = readHolder(path)
  if (holder?.pid === mine.pid && holder.startedAt === mine.startedAt) rmSync(path, { force: true })
}
