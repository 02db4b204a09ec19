import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { pause } from '#platform/process/retry.ts'

/** Whether a process with this id exists and is no zombie; also when it belongs to somebody else. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return !/^Z/.test(ps(pid, 'state') ?? '')
}

/** When the process began, as some text that is the same each time it is asked; undefined when it is gone. */
export const startedAt = (pid: number): string | undefined => ps(pid, 'lstart')

/** The command line of a process with its arguments, or undefined when there is none. */
export const commandLine = (pid: number): string | undefined => ps(pid, 'command')

/** Kills at once and waits until the process is gone. True when it was there. */
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

/** One column of the process table. Linux tells it from /proc without a process of its own; macOS by ps. */
function ps(pid: number, column: 'state' | 'lstart' | 'command'): string | undefined {
  if (process.platform === 'linux') return proc(pid, column)
  const run = spawnSync('ps', ['-ww', '-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' })
  return run.status === 0 ? run.stdout.trim() || undefined : undefined
}

function proc(pid: number, column: 'state' | 'lstart' | 'command'): string | undefined {
  try {
    if (column === 'command') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
    // The name, second and in brackets, may hold anything: what follows the last bracket is state, then 18 columns to
    // the start time in ticks since boot.
    const columns = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')
    return column === 'state' ? columns?.[0] : columns?.[19]
  } catch {
    return undefined
  }
}
