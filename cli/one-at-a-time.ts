import { join } from 'node:path'
import { tryLock } from '#local/lock.ts'
import type { StackFile } from '#local/stack-file.ts'
import { UserError } from '#platform/process/user-error.ts'

/** Runs `work` under lock `job`, which also ends with the process. @throws UserError if another process has the lock */
export async function oneAtATime<Result>(stack: StackFile, job: string, work: () => Promise<Result>): Promise<Result> {
  const lock = await tryLock(join(stack.dataDir, `${job}.lock`))
  if ('heldBy' in lock) throw new UserError(`Process ${lock.heldBy} is at work on the same (${job}): let it end first.`)
  try {
    return await work()
  } finally {
    lock.release()
  }
}
