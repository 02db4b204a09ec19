import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { StackOptions } from '#local/stack.ts'
import type { StackFile } from '#local/stack-file.ts'
import { UserError } from '#platform/process/user-error.ts'

/** What a detached `up` tells the one that started it. */
export type DetachedMessage = { line: string } | { ready: StackFile } | { problem: string }

/**
 * Starts `up` in a process of its own and returns when its stack is ready; it goes on without us.
 * @throws UserError with its reason when it does not get ready. A Ctrl-C meanwhile stops it.
 */
export async function startDetached(options: StackOptions): Promise<StackFile> {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const backfill = options.backfillDays === 0 ? ['--no-backfill'] : []
  const place = ['--data', options.dataDir, '--source', options.source, '--port-base', String(options.portBase)]
  const child = spawn(process.execPath, [main, 'up', ...place, ...backfill], {
    env: options.environment,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    detached: true,
  })
  const stop = (): void => void child.kill('SIGTERM')
  process.on('SIGINT', stop).on('SIGTERM', stop)
  let problem = `The detached stack ended while it started; see ${options.dataDir}/logs/stack.log.`
  try {
    return await new Promise<StackFile>((resolve, reject) => {
      child.on('message', (message: DetachedMessage) => {
        if ('line' in message) options.tell(message.line)
        else if ('problem' in message) problem = message.problem
        else resolve(message.ready)
      })
      child.once('error', reject)
      child.once('exit', () => reject(new UserError(problem)))
    })
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
    child.removeAllListeners()
    if (child.connected) child.disconnect()
    child.unref()
  }
}
