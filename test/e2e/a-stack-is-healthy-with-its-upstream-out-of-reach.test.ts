import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePorts } from '#infra/local/free-ports.ts'
import { prepareStack, type RunningStack, removeStacks } from '../integrity/running-stack.ts'
import { eventually } from '../integrity/whole-chain.ts'

let stack: RunningStack
beforeAll(async () => {
  const [closed] = await freePorts(1)
  stack = await prepareStack('live', { JAO_BASE_URL: `http://127.0.0.1:${closed}`, BACKFILL_DAYS: '2' })
})
afterAll(removeStacks)

test('a stack whose upstream is out of reach starts, is healthy, and says what is wrong upstream', async () => {
  await stack.up()
  const status = async () => {
    const { code, stdout, stderr } = await stack.run('status', '--json')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return JSON.parse(stdout)
  }
  const told = await eventually('the failed polls show in the status', async () => {
    const found = await status()
    return found.datasets[0]?.lastOutcome === 'failed' && found
  })
  expect(told.healthy).toBe(true)
  expect(told.parts.map(({ healthy }: { healthy: boolean }) => healthy)).not.toContain(false)
  expect(told.datasets[0]).toMatchObject({ dataset: 'jao.core.maxExchanges', lastOutcome: 'failed' })
  const polls = await eventually('the failures are in the store', async () => {
    const { stdout } = await stack.run('query', '--json', 'SELECT DISTINCT outcome, status, error FROM polls FINAL')
    const rows = stdout.split('\n').filter((line) => line !== '')
    return rows.length > 0 && rows.map((line) => JSON.parse(line))
  })
  expect(polls).toMatchObject([{ outcome: 'failed', status: null, error: expect.stringContaining('ECONNREFUSED') }])
  expect(await stack.run('query', 'SELECT count() FROM points')).toEqual({ code: 0, stdout: '0\n', stderr: '' })
})
