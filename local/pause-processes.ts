import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { pause } from '#platform/process/retry.ts'
import { isAlive, isStopped } from './process-table.ts'

// A process that stops others may be killed before it lets them go on. This shell survives it: its standard input ends
// with that process. $1 is the limit in seconds, the rest are the pids. The first line on its standard input begins.
const guard = `
limit=$1; shift
trap '' HUP INT
echo ready
read -r _ || exit
( sleep "$limit"; kill -CONT "$@" ) >/dev/null 2>&1 &
trap '' TERM
kill -STOP "$@" 2>/dev/null
read -r _
kill -CONT "$@" 2>/dev/null
kill -TERM 0
`

/**
 * Stops processes with SIGSTOP, calls `work` when none of their threads runs any more, and lets them go on. They go on
 * after `limitMs` at the latest, and also when this process ends, even by SIGKILL.
 *
 * Returns the result of `work` and the ms for which the processes were stopped. Returns undefined if a process has ended,
 * or if `work` was not done within `limitMs`: the processes may then have run meanwhile.
 */
export async function whilePaused<Result>(
  pids: readonly number[],
  limitMs: number,
  work: () => Result,
): Promise<{ result: Result; pausedMs: number } | undefined> {
  const args = ['-c', guard, 'tidemark-pause', String(limitMs / 1000), ...pids.map(String)]
  // A process group of its own, so that Ctrl-C does not end the shell.
  const shell = spawn('sh', args, { stdio: ['pipe', 'pipe', 'ignore'], detached: true })
  shell.stdin.on('error', () => undefined)
  const ended = once(shell, 'exit').catch(() => undefined)
  try {
    await Promise.race([once(shell.stdout, 'data'), ended])
    const beganMs = performance.now()
    shell.stdin.write('\n')
    while (!pids.every(isStopped)) {
      if (performance.now() - beganMs > limitMs || !pids.every(isAlive)) return undefined
      await pause(1)
    }
    const result = work()
    const pausedMs = performance.now() - beganMs
    return pausedMs < limitMs ? { result, pausedMs: Math.ceil(pausedMs) } : undefined
  } finally {
    shell.stdin.end()
    await ended
  }
}
