import type { StackFile } from '#local/stack-file.ts'
import { findRunningStack } from '../directories.ts'
import { connectTo, type StackClients } from '../stack-clients.ts'
import { whileStackRuns } from '../stack-gone.ts'

/** A stack that is stopped and started at once is away for less. */
const goneAfterMs = 10_000

/** Does something with the clients of the running stack that is meant. @throws Problem when none runs, or it ends */
export async function withStack(
  data: string | undefined,
  work: (clients: StackClients, stack: StackFile) => Promise<void>,
): Promise<void> {
  const stack = findRunningStack(data)
  const clients = connectTo(stack, 'dlq')
  try {
    await whileStackRuns(stack, goneAfterMs, () => work(clients, stack))
  } finally {
    await clients.store.close()
  }
}
