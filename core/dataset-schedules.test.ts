import { expect, test } from 'vitest'
import { ConfigError, readConfig } from '#platform/process/config.ts'
import { datasetsOff, scheduleOf, scheduleSettings } from './dataset-schedules.ts'
import { datasetsByName } from './datasets.ts'

const read = (text?: string) => readConfig(scheduleSettings, { DATASET_SCHEDULES: text }).DATASET_SCHEDULES
const off = (text: string) => [...datasetsOff(read(text))]
const all = [...datasetsByName.keys()]

test('entries say dataset and schedule, comma separated; none by default, and then declarations count', () => {
  expect([read(), read(''), read(' , ')].map((overrides) => overrides.size)).toEqual([0, 0, 0])
  expect([...read(' jao.core.maxExchanges : off ,jao.core.lta:auto,')]).toEqual([
    ['jao.core.maxExchanges', 'off'],
    ['jao.core.lta', 'auto'],
  ])
  const lta = datasetsByName.get('jao.core.lta')!.dataset
  expect([scheduleOf(lta, read()), scheduleOf(lta, read('jao.core.lta:auto'))]).toEqual(['on-demand', 'auto'])
  expect(scheduleOf({ name: 'a.b', schedule: 'off' }, read())).toBe('off')
})

test('`prefix*` means all datasets with that prefix; the later entry counts', () => {
  expect(off('*:off')).toEqual(all)
  expect(off('jao.*:off')).toEqual(all.filter((name) => name.startsWith('jao.')))
  expect(off('jao.core.maxExch*:off')).toEqual(['jao.core.maxExchanges'])
  expect(off('*:off,jao.core.maxExchanges:auto')).toEqual(all.filter((name) => name !== 'jao.core.maxExchanges'))
  expect(off('jao.core.maxExchanges:auto,*:off')).toEqual(all)
  expect(() => off('ja0.*:off')).toThrow('there is no dataset ja0.*')
})

test('an unknown dataset or word is an error that names the setting, the entry and what is possible', () => {
  expect(() => read('jao.core.maxExchanges:off,jao.nothing:off')).toThrow(ConfigError)
  expect(() => read('jao.core.maxExchanges:off,jao.nothing:off')).toThrow(
    /DATASET_SCHEDULES: the entry jao\.nothing:off: there is no dataset jao\.nothing; there is: .*jao\.core\.maxExchanges/,
  )
  for (const entry of ['jao.core.lta', 'jao.core.lta:on', 'jao.core.lta:', 'jao.core.lta:off:off', ':']) {
    expect(() => read(`jao.core.netPos:off,${entry}`)).toThrow(
      `DATASET_SCHEDULES: the entry ${entry}: it must be a dataset, a colon and one of auto, on-demand, off`,
    )
  }
})

test('a dataset that is read from files cannot be polled; a prefix skips it', () => {
  expect(() => read('votes.*:auto')).toThrow(
    /the entry votes\.\*:auto: votes\.\* is read from files, so .+ on-demand, off/,
  )
  const polled = all.filter((name) => datasetsByName.get(name)?.dataset.asking !== undefined)
  expect([...read('*:auto').keys()]).toEqual(polled)
  expect(polled.length).toBeLessThan(all.length)
})

test('a setting of earlier releases is refused with what to write instead; an empty one is not', () => {
  expect(() => readConfig(scheduleSettings, { DATASETS_OFF: 'jao.*, kraken.ticker' })).toThrow(
    'DATASETS_OFF: this setting was replaced; add jao.*:off,kraken.ticker:off to DATASET_SCHEDULES instead',
  )
  expect(() => readConfig(scheduleSettings, { DATASETS_ON: 'jao.core.lta' })).toThrow(
    'DATASETS_ON: this setting was replaced; add jao.core.lta:auto to DATASET_SCHEDULES instead',
  )
  expect(() => readConfig(scheduleSettings, { DATASETS_OFF: '', DATASETS_ON: '' })).not.toThrow()
})
