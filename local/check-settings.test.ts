import { expect, test } from 'vitest'
import { checkSettings } from './check-settings.ts'

function thrownBy(check: () => void): string {
  try {
    check()
  } catch (error) {
    return (error as Error).message
  }
  return ''
}

test('the settings of all parts are checked together, except those that the stack sets itself', () => {
  expect(() => checkSettings({})).not.toThrow()
  expect(() => checkSettings({ HEALTH_PORT: 'x', SIMULATOR_PORT: 'x', BINANCE_SYMBOLS: '' })).not.toThrow()
  const bad = {
    POLLS_DAYS: 'abc',
    BINANCE_SYMBOLS: 'BTCUSDT,a-',
    CONSUMER_GROUP: 'a b',
    CLICKHOUSE_URL: 'localhost:8123',
  }
  const told = thrownBy(() => checkSettings({ ...bad, SIMULATOR_SPEED: 'fast' }))
  expect(told.split('\n').slice(1).toSorted()).toEqual([
    expect.stringMatching(/^ {2}BINANCE_SYMBOLS \(.+\) names "a-"; it must be /),
    '  CLICKHOUSE_URL is "localhost:8123"; it must be an http or https address such as http://host:1234',
    expect.stringMatching(/^ {2}CONSUMER_GROUP \(.+\) is "a b"; it must be /),
    expect.stringMatching(/^ {2}POLLS_DAYS \(.+\) is "abc"; it must be a number above 0, 36500 at the most$/),
    '  SIMULATOR_SPEED is "fast"; it must be a number from 0 to 1000000',
  ])
})

test('a schedule of backups without a directory is told before anything starts', () => {
  expect(() => checkSettings({ BACKUP_EVERY_H: '6' })).toThrow('BACKUP_EVERY_H is set and BACKUP_DIRECTORY is not')
  expect(() => checkSettings({ BACKUP_DIRECTORY: '/b', BACKUP_KEEP: '0' })).toThrow('BACKUP_KEEP (how many backups')
})

test('markets that are sampled more often than a host allows are told before anything starts', () => {
  const many = Array.from({ length: 1_000 }, (_, index) => `A${index}USDT`).join(',')
  expect(() =>
    checkSettings({ BINANCE_SYMBOLS: many, BINANCE_EVERY_S: '1', DATASET_SCHEDULES: 'binance.*:auto' }),
  ).toThrow(/would be asked \d+ times a minute/)
})
