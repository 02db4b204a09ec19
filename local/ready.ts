import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { pause } from '#platform/process/retry.ts'
import { UserError } from '#platform/process/user-error.ts'
import { diskIsFull } from './data-directory.ts'
import type { Exit } from './guarded-process.ts'

/** Polls `check` until it returns true. Returns false if the program ends or the deadline passes first. */
export async function untilReady(
  check: () => Promise<boolean>,
  exited: Promise<Exit>,
  deadlineMs: number,
): Promise<boolean> {
  const waiting = new AbortController()
  void exited.then(() => waiting.abort())
  const end = Date.now() + deadlineMs
  while (!waiting.signal.aborted && Date.now() < end) {
    if (await check().catch(() => false)) return true
    await pause(30, waiting.signal)
  }
  return false
}

export const returns200 = async (url: string): Promise<boolean> =>
  (await fetch(url, { signal: AbortSignal.timeout(1000), redirect: 'manual' })).status === 200

/** @throws UserError always: the part did not start, with the reason or the end of its log */
export function throwFailedStart(title: string, logFile: string): never {
  if (diskIsFull(dirname(logFile)))
    throw new UserError(`${title} did not start because the disk is full: make room and start again.`)
  throw new UserError(`${title} did not start; ${logTail(logFile)}`)
}

export function logTail(logFile: string): string {
  let text = ''
  try {
    text = readFileSync(logFile, 'utf8').trimEnd()
  } catch {
    // An unreadable log counts as empty.
  }
  if (text === '') return `its log ${logFile} says nothing.`
  return `its log is ${logFile} and ends with:\n${text.split('\n').slice(-30).join('\n').slice(-3000)}`
}
