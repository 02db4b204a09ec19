import { expect, test } from 'vitest'
import { createJobs, type Job } from './jobs.ts'

const ended = (job: Job) => expect.poll(() => job.state, { interval: 1 }).not.toBe('running')

test('a job that is done has a result and no progress; one that failed says how far it came', async () => {
  const jobs = createJobs()
  const done = jobs.begin({ id: 'a', action: 'backfill', who: 'me' }, async (tell) => {
    tell({ step: 'waiting' })
    return { windows: 3 }
  })
  await ended(done)
  expect(jobs.find('a')).toMatchObject({ state: 'done', progress: null, result: { windows: 3 }, failed: null })
  const failed = jobs.begin({ id: 'b', action: 'backfill', who: 'me' }, async (tell) => {
    tell({ step: 'fetching', done: 2 })
    throw new Error('the broker is away')
  })
  await ended(failed)
  expect(jobs.find('b')).toMatchObject({
    ...{ state: 'failed', progress: { step: 'fetching', done: 2 }, result: null, failed: 'the broker is away' },
  })
})
