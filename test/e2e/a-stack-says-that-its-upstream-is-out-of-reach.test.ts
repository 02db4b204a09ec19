import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePorts } from '#local/free-ports.ts'
import { prepareStack, type RunningStack, removeStacks } from '../integrity/running-stack.ts'
import { eventually } from '../integrity/whole-chain.ts'

let stack: RunningStack
let host: string
beforeAll(async () => {
  const [closed] = await freePorts(1)
  host = `127.0.0.1:${closed}`
  const others = { DATASETS_OFF: 'jao-auctions.*,kraken.*,binance.*,coinbase.*' }
  stack = await prepareStack('live', { JAO_BASE_URL: `http://${host}`, BACKFILL_DAYS: '2', ...others })
})
afterAll(removeStacks)

test('a stack whose upstream is out of reach starts, and says where, since when and why', async () => {
  const refused = 'the connection is refused (ECONNREFUSED); does anything listen at that port?'
  expect(await stack.up()).toContain(`✘ ${host} does not answer: ${refused} (tried again and again: `)
  const told = await eventually('the host shows in the status', async () => {
    const { code, stdout, stderr } = await stack.run('status', '--json')
    expect(stderr).toBe('')
    const found = JSON.parse(stdout)
    return found.silent?.length > 0 && { code, ...found }
  })
  const [{ since, nextTryAt }] = told.silent
  expect(told).toMatchObject({
    ...{ code: 1, healthy: false, problems: [`No connection since ${since} to ${host}: ${refused}`] },
    silent: [{ host, sources: ['jao'], reason: `${host}: ${refused}` }],
  })
  expect(Date.parse(since)).toBeLessThan(Date.parse(nextTryAt))
  expect(told.parts.map(({ healthy }: { healthy: boolean }) => healthy)).not.toContain(false)
  expect(told.datasets[0]).toMatchObject({ dataset: 'jao.core.maxExchanges', lastOutcome: 'failed' })
  expect((await stack.run('status')).stdout).toContain(`NOT ANSWERING (UTC)\n  jao  since ${since}  tried again at `)
  const polls = await eventually('the failures are in the store', async () => {
    const { stdout } = await stack.run('query', '--json', 'SELECT DISTINCT outcome, status, error FROM polls FINAL')
    const rows = stdout.split('\n').filter((line) => line !== '')
    return rows.length > 0 && rows.map((line) => JSON.parse(line))
  })
  expect(polls).toEqual([{ outcome: 'failed', status: null, error: `${host}: ${refused}` }])
  expect(await stack.run('query', 'SELECT count() FROM points')).toEqual({ code: 0, stdout: '0\n', stderr: '' })
})
