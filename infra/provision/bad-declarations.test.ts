import { spawnSync } from 'node:child_process'
import { afterAll, expect, test } from 'vitest'
import { anotherRelease } from '../../test/support/another-release.ts'

// No type check precedes a start, so a source may lack what its type demands.
const undated = 'jao.datasets.map((each) => ({ ...each, calendar: { ...each.calendar, expected: undefined } }))'
const release = anotherRelease([
  {
    file: 'sources/index.ts',
    from: 'export const sources: Source[] = [',
    to: `export const sources: Source[] = [{ ...jao, name: 'Bad', owner: '', datasets: ${undated} },`,
  },
])
afterAll(() => release.remove())

test('provisioning of a release with bad declarations says each broken rule, and asks for nothing before', () => {
  const nowhere = 'http://127.0.0.1:1'
  const settings = { KAFKA_BROKERS: '127.0.0.1:1', SCHEMA_REGISTRY_URL: nowhere, CLICKHOUSE_URL: nowhere }
  const { status, stderr } = spawnSync(process.execPath, ['infra/provision/main.ts'], {
    ...{ cwd: release.directory, encoding: 'utf8', env: { ...process.env, ...settings } },
  })
  expect(status).toBe(1)
  expect(stderr.split('\n')).toEqual(
    expect.arrayContaining([
      'There are two datasets named jao.core.maxExchanges: rename one.',
      'Source Bad: title and owner must say something.',
      expect.stringMatching(/^Source Bad: a name is lower-case letters/),
      expect.stringMatching(/^Dataset jao\.core\.maxExchanges: a name is Bad\. and words/),
      expect.stringMatching(/^Dataset jao\.core\.netPos: its calendar does not say by when a window is expected/),
    ]),
  )
})
