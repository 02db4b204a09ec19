import { linkSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { readIfThere } from '#platform/process/read-if-there.ts'
import { pause } from '#platform/process/retry.ts'
import { isAlive, startedAt } from './process-table.ts'

/** The process that holds a lock. Its start time tells it from a later process with the same pid. */
interface Holder {
  pid: number
  startedAt: string | undefined
}

export interface Lock {
  release: () => void
}

/** Locks the file for this process. Returns the pid if another process holds it. An ended process loses its lock. */
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

export async function waitForLock(path: string, onWait: (pid: number) => void = () => undefined): Promise<Lock> {
  for (let notified = false; ; notified = true) {
    const lock = await tryLock(path)
    if ('release' in lock) return lock
    if (!notified) onWait(lock.heldBy)
    await pause(200)
  }
}

/** Returns the pid of the process that holds the lock; undefined if none does. @throws UserError if it is unreadable */
export function lockHolder(path: string): number | undefined {
  const holder = readHolder(path)
  const holds = holder && isAlive(holder.pid) && (!holder.startedAt || holder.startedAt === startedAt(holder.pid))
  return holds ? holder.pid : undefined
}

function linked(draft: string, path: string): boolean {
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Only one process removes a stale lock. A second one could remove the lock that the first has just taken. */
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
