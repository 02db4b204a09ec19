import { expect, test } from 'vitest'
import { ConfigError, readConfig } from '#platform/process/config.ts'
import { datasetsByName } from './datasets.ts'
import { datasetsOffSetting } from './datasets-off.ts'

const off = (text?: string) => [...readConfig(datasetsOffSetting, { DATASETS_OFF: text }).DATASETS_OFF]

test('names of datasets, comma separated; none by default', () => {
  expect([off(), off(''), off(' , ')]).toEqual([[], [], []])
  expect(off(' jao.core.maxExchanges ,')).toEqual(['jao.core.maxExchanges'])
})

test('`prefix*` means all datasets with that prefix; a prefix that no dataset has is an error', () => {
  const all = [...datasetsByName.keys()]
  expect(off('*')).toEqual(all)
  expect(off('jao.*')).toEqual(all.filter((name) => name.startsWith('jao.')))
  expect(off('jao.core.maxExch*')).toEqual(['jao.core.maxExchanges'])
  expect(() => off('ja0.*')).toThrow('there is no dataset ja0.*')
})

test('an unknown name is an error that lists the datasets', () => {
  expect(() => off('jao.core.maxExchanges,jao.nothing')).toThrow(ConfigError)
  expect(() => off('jao.core.maxExchanges,jao.nothing')).toThrow(
    /DATASETS_OFF: there is no dataset jao\.nothing; there is: .*jao\.core\.maxExchanges/,
  )
})
