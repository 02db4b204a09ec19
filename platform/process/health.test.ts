import { pino } from 'pino'
import { Registry } from 'prom-client'
import { expect, onTestFinished, test } from 'vitest'
import { serveHealth } from './health.ts'
import { utcText } from './utc-text.ts'

const broken = () => new Date(Number.NaN).toISOString()

test.each([
  ['/status', { status: broken }],
  ['/status', { status: () => 1n }],
  ['/ready', { notReady: broken }],
  ['/metrics', { metrics: Object.assign(new Registry(), { metrics: async () => broken() }) }],
])('an exception in %s is a 500 and a line in the log, and the service goes on', async (path, broke) => {
  const lines: { level: number; path: string; err: { message: string } }[] = []
  const log = pino({ level: 'error' }, { write: (line: string) => lines.push(JSON.parse(line)) })
  const whole = { host: '127.0.0.1', port: 0, notReady: () => undefined, metrics: new Registry(), log }
  const health = await serveHealth({ ...whole, ...broke })
  onTestFinished(health.stop)
  for (let time = 1; time <= 2; time++) {
    const answer = await fetch(`${health.url}${path}`)
    expect([answer.status, await answer.text()]).toEqual([500, expect.stringMatching(/^cannot be told: .+\n$/)])
    expect(lines).toHaveLength(time)
    expect(lines.at(-1)).toMatchObject({ path, err: { message: expect.any(String) } })
  }
  expect(await (await fetch(`${health.url}/live`)).text()).toBe('live\n')
})

test('a time is printed in ISO 8601, a number that is not a date as the number', () => {
  expect(utcText(0)).toBe('1970-01-01T00:00:00.000Z')
  expect(utcText(8_640_000_000_000_000)).toBe('+275760-09-13T00:00:00.000Z')
  expect(utcText(8_640_000_000_000_001)).toBe('8640000000000001 ms after 1970, which is not a date')
  expect(utcText(Number.NaN)).toBe('NaN ms after 1970, which is not a date')
})
