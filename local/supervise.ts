import { backoffMs, pause } from '#platform/process/retry.ts'
import type { Exit, GuardedProcess } from './guarded-process.ts'

/** A part is a process of the stack: broker, registry, store, service or simulator, or a job that ends by itself. */
export interface PartPlan {
  name: string
  /** Names of the parts that must be ready first. Their plans must be earlier in the list. */
  needs: string[]
  /** Starts the part and resolves when it is ready. A job (a program that ends) resolves to undefined at its end. */
  start: () => Promise<GuardedProcess | undefined>
  stopDeadlineMs: number
}

export interface Reports {
  ready: (name: string, tookMs: number, part: GuardedProcess | undefined) => void
  ended: (name: string, exit: Exit, againInMs: number) => void
  /** Called when a restart failed, with the ms until the next attempt. */
  failed: (name: string, error: unknown, againInMs: number) => void
}

export interface Supervisor {
  started: Promise<void>
  /** Stops every part, dependents before the parts that they need. */
  stop: () => Promise<void>
}

const restart = { firstMs: 500, maxMs: 30_000 }
const stableAfterMs = 60_000

/** Starts parts in the order of their needs, in parallel where possible. Restarts a part that ends, with backoff. */
export function supervise(plans: PartPlan[], reports: Reports): Supervisor {
  const running = new Map<string, GuardedProcess>()
  const stopping = new AbortController()

  const startOne = async (plan: PartPlan): Promise<void> => {
    if (stopping.signal.aborted) return
    const began = performance.now()
    const part = await plan.start()
    if (part !== undefined) running.set(plan.name, part)
    if (stopping.signal.aborted) return
    reports.ready(plan.name, performance.now() - began, part)
    if (part !== undefined) void keep(plan, part)
  }

  const keep = async (plan: PartPlan, first: GuardedProcess): Promise<void> => {
    let part: GuardedProcess | undefined = first
    for (let attempt = 1; part !== undefined; attempt++) {
      const began = performance.now()
      const exit = await part.exited
      if (stopping.signal.aborted) return
      if (performance.now() - began > stableAfterMs) attempt = 1
      const againInMs = backoffMs(restart, attempt)
      reports.ended(plan.name, exit, againInMs)
      await pause(againInMs, stopping.signal)
      part = await startAgain(plan)
    }
  }

  const startAgain = async (plan: PartPlan): Promise<GuardedProcess | undefined> => {
    for (let attempt = 2; !stopping.signal.aborted; attempt++) {
      const began = performance.now()
      try {
        const part = await plan.start()
        if (part !== undefined) running.set(plan.name, part)
        if (!stopping.signal.aborted) reports.ready(plan.name, performance.now() - began, part)
        return part
      } catch (error) {
        if (stopping.signal.aborted) return undefined
        const againInMs = backoffMs(restart, attempt)
        reports.failed(plan.name, error, againInMs)
        await pause(againInMs, stopping.signal)
      }
    }
    return undefined
  }

  const settled = new Map<string, Promise<void>>()
  for (const plan of plans) {
    const needed = plan.needs.map((name) => settled.get(name))
    settled.set(
      plan.name,
      Promise.all(needed).then(() => startOne(plan)),
    )
  }
  return {
    started: Promise.all(settled.values()).then(() => undefined),
    stop: async () => {
      stopping.abort()
      await stopInOrder(plans, running)
    },
  }
}

async function stopInOrder(plans: PartPlan[], running: Map<string, GuardedProcess>): Promise<void> {
  const stopped = new Map<string, Promise<unknown>>()
  for (const plan of plans.toReversed()) {
    const dependents = plans.filter(({ needs }) => needs.includes(plan.name)).map(({ name }) => stopped.get(name))
    const stop = Promise.all(dependents).then(() => running.get(plan.name)?.stop(plan.stopDeadlineMs))
    stopped.set(plan.name, stop)
  }
  await Promise.all(stopped.values())
}
