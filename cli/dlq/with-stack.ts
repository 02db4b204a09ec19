import type { StackFile } from '#local/stack-file.ts'
import type { LetterProgress } from '#operations/dead-letters/read-letters.ts'
import { abortWhenStackStops } from '../abort-when-stack-stops.ts'
import { findRunningStack } from '../directories.ts'
import { connectTo, type StackClients } from '../stack-clients.ts'
import { type StepProgress, stepProgress } from '../step-progress.ts'

/** A stack that is stopped and started at once is away for less. */
const goneAfterMs = 10_000

interface RunningStack {
  clients: StackClients
  stack: StackFile
  /** Shows on stderr how far the work is. */
  onProgress: (progress: LetterProgress) => void
}

/**
 * Does something with the clients of the running stack that is meant, and returns its result once no progress is shown any
 * more. @throws UserError when none runs, or it ends
 */
export async function withStack<Result>(
  data: string | undefined,
  work: (running: RunningStack) => Promise<Result>,
): Promise<Result> {
  const stack = findRunningStack(data)
  const clients = connectTo(stack, 'dlq')
  const bar = stepProgress(process.stderr)
  try {
    return await abortWhenStackStops(stack, goneAfterMs, () =>
      work({ clients, stack, onProgress: (progress) => show(bar, progress) }),
    )
  } finally {
    bar.stop()
    await clients.store.close()
  }
}

function show(bar: StepProgress, progress: LetterProgress): void {
  if (progress.step === 'waiting') bar.say(progress.message)
  else if (progress.step === 'reading') bar.show(`records of ${progress.topic} read`, progress.done, progress.total)
  else bar.show(progress.step === 'trying' ? 'letters tried' : 'letters', progress.done, progress.total)
}
