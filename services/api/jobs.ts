// Changes that take long: they go on after the request, and say how far they are.
import { pause } from '#platform/process/retry.ts'
import { Problem } from './problem.ts'

export interface Job {
  id: string
  action: string
  /** The one who began it. */
  who: string
  startedAt: string
  endedAt: string | null
  state: 'running' | 'done' | 'failed'
  /** What it says about its progress; null: nothing yet, or it is done. Of a failed job it is how far it came. */
  progress: unknown
  result: unknown
  failed: string | null
}

export interface Jobs {
  /** Begins a job, and returns it at once. `work` says its progress through `tell`, and ends early at the signal. */
  begin: (
    job: Pick<Job, 'id' | 'action' | 'who'>,
    work: (tell: (progress: unknown) => void, stop: AbortSignal) => Promise<unknown>,
  ) => Job
  find: (id: string) => Job | undefined
  list: () => Job[]
  /** Ends all jobs, and waits up to 4 s for them. */
  stop: () => Promise<void>
}

const maxStopMs = 4_000
const maxRunning = 4
const maxKept = 200

export function createJobs(): Jobs {
  const jobs = new Map<string, Job>()
  const running = new Map<string, Promise<void>>()
  const stopping = new AbortController()
  return {
    begin: (named, work) => {
      if (running.size >= maxRunning) {
        throw new Problem(429, 'Too many jobs', `${maxRunning} jobs run. Wait until one has ended.`, {
          'Retry-After': '30',
        })
      }
      const job: Job = {
        ...named,
        ...{ startedAt: new Date().toISOString(), endedAt: null, state: 'running' },
        ...{ progress: null, result: null, failed: null },
      }
      jobs.set(job.id, job)
      for (const [id, { state }] of jobs) if (jobs.size > maxKept && state !== 'running') jobs.delete(id)
      const tell = (progress: unknown): void => {
        job.progress = progress
      }
      const ended = work(tell, stopping.signal)
        .then(
          (result) => Object.assign(job, { state: 'done', result, progress: null }),
          (error: Error) => Object.assign(job, { state: 'failed', failed: error.message }),
        )
        .then(() => {
          job.endedAt = new Date().toISOString()
          running.delete(job.id)
        })
      running.set(job.id, ended)
      return job
    },
    find: (id) => jobs.get(id),
    list: () => [...jobs.values()].toReversed(),
    stop: async () => {
      stopping.abort()
      // A replay cannot end early. It can be resumed.
      await Promise.race([Promise.all(running.values()), pause(maxStopMs)])
    },
  }
}
