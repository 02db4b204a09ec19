import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { pause } from '#platform/process/retry.ts'

/** Returns true if the process runs, also under another user. Returns false for a zombie. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return !/^Z/.test(ps(pid, 'state') ?? '')
}

/** Returns the start time of a process, as text for comparison. Undefined if the process does not run. */
export const startedAt = (pid: number): string | undefined => ps(pid, 'lstart')

export const commandLine = (pid: number): string | undefined => ps(pid, 'command')

/** Returns true if no thread of the process runs, because SIGSTOP stopped it. */
export function isStopped(pid: number): boolean {
  if (process.platform !== 'linux') return /^T/.test(ps(pid, 'state') ?? '')
  try {
    const states = readdirSync(`/proc/${pid}/task`).map((thread) => proc(`${pid}/task/${thread}`, 'state') ?? 'ended')
    return states.includes('T') && !states.some((state) => /^[RSDI]/.test(state))
  } catch {
    return false
  }
}

/** Sends SIGKILL and waits until the process has ended. Returns false if it was not running. */
export async function killAndWait(pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    return false
  }
  while (isAlive(pid)) await pause(20)
  return true
}

function ps(pid: number, column: 'state' | 'lstart' | 'command'): string | undefined {
  if (process.platform === 'linux') return proc(pid, column)
  const run = spawnSync('ps', ['-ww', '-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' })
  return run.status === 0 ? run.stdout.trim() || undefined : undefined
}

function proc(pid: number | string, column: 'state' | 'lstart' | 'command'): string | undefined {
  try {
    if (column === 'command') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
    // The name in brackets may contain anything. The start time, in ticks since boot, is 19 columns after the state.
    const columns = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')
    return column === 'state' ? columns?.[0] : columns?.[19]
  } catch {
    return undefined
  }
}
