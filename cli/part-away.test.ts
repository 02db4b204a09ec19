import { expect, test } from 'vitest'
import type { StackFile } from '#local/stack-file.ts'
import { RefusedSend } from '#platform/kafka/send-errors.ts'
import { Problem } from '#platform/process/problem.ts'
import { withParts } from './part-away.ts'

const stack = { dataDir: '/somewhere' } as StackFile
const thrownFor = (error: Error): Promise<unknown> =>
  withParts(stack, () => Promise.reject(error)).catch((thrown) => thrown)

test('a part that does not answer is told with what helps; what Kafka will never take, and a bug, as they are', async () => {
  const away = await thrownFor(new Error('connect ECONNREFUSED'))
  expect(away).toBeInstanceOf(Problem)
  expect((away as Problem).message).toContain('A part of the stack did not answer (connect ECONNREFUSED)')
  for (const error of [new RefusedSend('Kafka will not take records for t'), new TypeError('no string')])
    expect(await thrownFor(error)).toBe(error)
})
