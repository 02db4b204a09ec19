import { Command } from 'commander'
import { isAlive } from '#local/process-table.ts'
import { pause } from '#platform/process/retry.ts'
import { UserError } from '#platform/process/user-error.ts'
import { dataDirectory, findStack, nothingRuns } from './directories.ts'

const patienceMs = 12_000

export const down = (): Command =>
  new Command('down')
    .description('stop the running stack and wait until it is gone; no error when none runs')
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print what was stopped as JSON')
    .action(run)

async function run(options: { data?: string; json?: boolean }): Promise<void> {
  const stack = findStack(options.data)
  if (stack === undefined) {
    if (options.json) process.stdout.write('{"stopped":false}\n')
    else process.stderr.write(`${nothingRuns(options.data)}: nothing to stop.\n`)
    return
  }
  if (!(await endsAfterSignal(stack.pid)) && !(await endsAfterSignal(stack.pid)))
    throw new UserError(
      `Process ${stack.pid}, the stack in ${stack.dataDir}, does not stop: end it with kill -9 ${stack.pid}.`,
    )
  if (options.json)
    process.stdout.write(`${JSON.stringify({ stopped: true, pid: stack.pid, dataDir: stack.dataDir })}\n`)
  else process.stderr.write(`stopped the stack in ${stack.dataDir}\n`)
}

/** Sends SIGTERM and waits until the process has ended. Returns false if that takes longer than `patienceMs`. */
async function endsAfterSignal(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 'SIGTERM')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true
    throw new UserError(`Process ${pid} belongs to somebody else and cannot be stopped from here.`)
  }
  for (const end = Date.now() + patienceMs; Date.now() < end; await pause(50)) if (!isAlive(pid)) return true
  return false
}
