import { expect, test } from 'vitest'
import { topicsOf } from '#core/source-topics.ts'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { platformNames } from '#platform/clickhouse/migrate.ts'
import { seriesSchema } from '#schemas/generated/records.ts'
import type { AcrossCheck } from '#sources/answers/across-answers.ts'
import type { Calendar } from '#sources/calendar.ts'
import { sources } from '#sources/index.ts'
import type { Dataset, Schedule, Source } from '#sources/source.ts'
import { declaredSource } from '../test/support/declared-source.ts'
import { brokenRules, DeclarationError, refuseBadDeclarations } from './check-declarations.ts'

const good = declaredSource({ name: 'tides' })
const { upstream: _, ...withoutUpstream } = good
const dataset = good.datasets[0]!
const withDataset = (change: Partial<Dataset>): Source => ({ ...good, datasets: [{ ...dataset, ...change }] })
const withChecks = (...flags: string[]): Source =>
  withDataset({ checks: flags.map((flag) => ({ flag, text: 'It is odd.', find: () => {} })) })
const withAcross = (...acrossAnswers: AcrossCheck[]): Source => withDataset({ acrossAnswers })
const fewRows: AcrossCheck = { check: 'few-rows', text: 'x', share: 0.5, history: 14, minHistory: 7, withinS: 1 }
const days = {
  kind: 'days',
  window: 'day',
  zone: 'Europe/Brussels',
  firstDay: '2020-01-01',
  searchFrom: '09:00',
  expected: { expectedBy: '11:00', lateAfterS: 1_800 },
} as const

test('all sources keep the rules', async () => {
  expect(brokenRules(sources, await platformNames(migrations))).toEqual([])
})

test('what was recorded has a deadline, unless its times differ; what nobody has seen has none, so it is never late', () => {
  const declared = (shape: Dataset['shape'], what: 'expectedBy' | 'notKnown') =>
    sources
      .flatMap(({ datasets }) => datasets)
      .filter(({ calendar }) => calendar.kind === 'days' && what in calendar.expected)
      .filter((each) => each.shape === shape)
      .map(({ name }) => name)
  expect(declared('recorded', 'expectedBy')).toEqual([
    ...['jao.core.maxExchanges', 'jao.core.netPos', 'jao.core.atc', 'jao.core.shadowAuctionATC'],
    ...['jao.core.scheduledExchanges', 'jao.nordic.maxExchanges', 'jao.nordic.maxBorderFlow'],
  ])
  expect(declared('recorded', 'notKnown')).toEqual(['jao-auctions.daily'])
  expect(declared('documented', 'expectedBy')).toEqual([])
})

test('rights by prefix are rights to one source: its topics start with its name and a dot, and those of no other do', () => {
  for (const source of sources) {
    const prefix = `${source.name}.`
    const withPrefix = sources.filter((other) => topicsOf(other).some(({ name }) => name.startsWith(prefix)))
    expect(withPrefix.map(({ name }) => name)).toEqual([source.name])
    expect(topicsOf(source).filter(({ name }) => !name.startsWith(prefix))).toEqual([])
    expect(source.datasets.filter(({ name }) => !name.startsWith(prefix))).toEqual([])
  }
})

test('what provisioning refuses is one sentence a broken rule', () => {
  expect(() => refuseBadDeclarations([good], [])).not.toThrow()
  const refused = () => refuseBadDeclarations([{ ...withDataset({ transformVersion: 4096 }), owner: ' ' }], [])
  expect(refused).toThrow(DeclarationError)
  expect(refused).toThrow(
    'Source tides: title and owner must say something.\nDataset tides.hourly: transformVersion is 4096: want a whole number from 0 to 4095.',
  )
})

test.each<[what: string, sources: Source[], sentence: RegExp]>([
  ['two sources of a name', [good, { ...good, datasets: [] }], /two sources named tides/],
  ['capitals', [declaredSource({ name: 'Tides' })], /Source Tides: a name is lower-case/],
  ['a dot in a name', [declaredSource({ name: 'ti.des' })], /Source ti\.des: a name is lower-case/],
  ['a hyphen at the end', [declaredSource({ name: 'tides-' })], /Source tides-: a name is/],
  ['the platform’s name', [declaredSource({ name: 'tidemark' })], /Source tidemark: its topics/],
  [
    'a licence that is no identifier',
    [{ ...good, licence: { ...good.licence, spdx: 'free for all' } }],
    /licence\.spdx "free for all" is not an SPDX identifier/,
  ],
  ['a licence without a link', [{ ...good, licence: { terms: 'x', link: 'ask' } }], /licence needs terms, and a link/],
  ['days of nothing', [{ ...good, retention: { rawDays: 0 } }], /retention\.rawDays is 0: want days above 0/],
  ['days that are none', [{ ...good, retention: { timeseriesDays: Number.NaN } }], /retention\.timeseriesDays is NaN/],
  [
    'the suffix of the accepted answers',
    [{ ...good, topics: [{ suffix: 'answers', record: seriesSchema, key: '', retentionImpact: '' }] }],
    /the suffix answers is that of a topic that every source has/,
  ],
  [
    'the suffix of another topic',
    [{ ...good, topics: [{ suffix: 'raw', record: seriesSchema, key: '', retentionImpact: '' }] }],
    /the suffix raw is that of a topic that every source has/,
  ],
  [
    'two topics of a suffix',
    [{ ...good, topics: [good.topics![0]!, good.topics![0]!] }],
    /two topics with the suffix alarms/,
  ],
  [
    'a suffix with a slash',
    [{ ...good, topics: [{ ...good.topics![0]!, suffix: 'a/b' }] }],
    /the topic suffix "a\/b" is not a lower-case word/,
  ],
  ['datasets that nobody can ask for', [withoutUpstream], /datasets that are asked for, and no upstream/],
  [
    'a budget above the limit',
    [
      {
        ...good,
        upstream: { ...good.upstream!, budget: { perMinute: 10, burst: 4, refillPerMinute: 6, maxInFlight: 1 } },
      },
    ],
    /burst and refillPerMinute together must stay below perMinute/,
  ],
  [
    'no budget',
    [{ ...good, upstream: { ...good.upstream!, budget: { ...good.upstream!.budget, maxInFlight: 0 } } }],
    /every number of its budget must be above 0/,
  ],
  [
    'a base URL of another kind',
    [{ ...good, upstream: { ...good.upstream!, baseUrl: { default: 'file:///etc', setting: 'X' } } }],
    /the base URL file:\/\/\/etc is not an http\(s\) address/,
  ],
  [
    'a setting that no shell takes',
    [{ ...good, upstream: { ...good.upstream!, credential: { header: 'a', setting: 'my-key', obtainFrom: '' } } }],
    /the setting my-key is not a name of an environment variable/,
  ],
  [
    'two datasets of a name',
    [{ ...good, datasets: [dataset, { ...dataset, view: { name: 'v', select: '' } }] }],
    /two datasets named tides\.hourly/,
  ],
  [
    'two views of a name',
    [{ ...good, datasets: [dataset, { ...dataset, name: 'tides.daily' }] }],
    /Two datasets have a view named tides_levels/,
  ],
  [
    'a view in the place of a table',
    [withDataset({ view: { name: 'points', select: '' } })],
    /the view points has the name of a table/,
  ],
  [
    'a dataset of another source',
    [withDataset({ name: 'jao.core.maxExchanges' })],
    /Dataset jao\.core\.maxExchanges: a name is tides\. and words/,
  ],
  ['a dataset with a slash', [withDataset({ name: 'tides.a/b' })], /Dataset tides\.a\/b: a name is tides\. and words/],
  ['half a version', [withDataset({ transformVersion: 1.5 })], /transformVersion is 1\.5/],
  ['a negative version', [withDataset({ transformVersion: -1 })], /transformVersion is -1/],
  [
    'a range upside down',
    [withDataset({ plausible: { min: 5, max: 5 } })],
    /plausible is 5 to 5: want two numbers, the smaller one as min/,
  ],
  ['a range without end', [withDataset({ plausible: { min: 0, max: Infinity } })], /plausible is 0 to Infinity/],
  ['no step', [withDataset({ steps: [] })], /steps need one entry at the least/],
  ['steps newest first', [withDataset({ steps: [...dataset.steps].reverse() })], /oldest first/],
  ['a page that is none', [withDataset({ page: 'see wiki' })], /page is "see wiki"/],
  ['no title', [withDataset({ title: '' })], /title must say something/],
  ['no example', [withDataset({ keys: { ...dataset.keys, example: '' } })], /keys need a pattern and an example/],
  [
    'a label that nothing explains',
    [withDataset({ labels: () => ({ port: 'x' }) })],
    /labels of at_OST give port, which keys\.labels does not explain/,
  ],
  ['a flag in capitals', [withChecks('Odd_One')], /the flag "Odd_One" is not lower-case words with hyphens/],
  ['a flag of two words', [withChecks('two words')], /the flag "two words" is not lower-case/],
  ['a flag of the platform', [withChecks('implausible')], /the flag implausible has a meaning of its own/],
  ['the flag of the views', [withChecks('withdrawn')], /the flag withdrawn has a meaning of its own/],
  ['two checks of a flag', [withChecks('odd', 'odd')], /it has two checks with the flag odd/],
  [
    'a check without a text',
    [withDataset({ checks: [{ flag: 'odd', text: ' ', find: () => {} }] })],
    /the check odd needs a text/,
  ],
  ['a flag that is a check across answers', [withChecks('frozen')], /the flag frozen has a meaning of its own/],
  ['a check across answers twice', [withAcross(fewRows, fewRows)], /it has two checks few-rows across answers/],
  ['one without a text', [withAcross({ ...fewRows, text: '' })], /the check few-rows needs a text/],
  ['a share of more than all', [withAcross({ ...fewRows, share: 1.5 })], /few-rows: want a share between 0 and 1/],
  ['less history than is needed', [withAcross({ ...fewRows, history: 6 })], /few-rows: want a minHistory of 1/],
  ['a jump over nothing', [withAcross({ check: 'jump', text: 'x' })], /jump: it needs limits or a step/],
  [
    'limits the wrong way round',
    [withAcross({ check: 'jump', text: 'x', limits: { at_OST: { min: 2, max: 1 } } })],
    /jump: the limits of at_OST are 2 to 1/,
  ],
  [
    'a jump of nothing',
    [withAcross({ check: 'jump', text: 'x', step: { end: '.last', factor: 1, withinS: 60 } })],
    /jump: want a factor above 1/,
  ],
  [
    'one tick that is frozen',
    [
      withAcross({
        ...{ check: 'frozen', text: 'x', ticks: 1, withinS: 60, times: 1 },
        ends: { value: 'a', grows: 'b' },
      }),
    ],
    /frozen: want ticks of 2/,
  ],
  [
    'a zone that is none',
    [withDataset({ calendar: { ...days, zone: 'Europe/Bruges' } })],
    /"Europe\/Bruges" is not a time zone/,
  ],
  ['a day that is none', [withDataset({ calendar: { ...days, firstDay: '2020-02-30' } })], /firstDay is 2020-02-30/],
  [
    'a calendar without a deadline',
    [withDataset({ calendar: { ...days, expected: undefined } as unknown as Calendar })],
    /^Dataset tides\.hourly: its calendar does not say by when a window is expected: declare expected/,
  ],
  [
    'files that are asked for',
    [withDataset({ calendar: { kind: 'files', zone: 'UTC' }, acrossAnswers: [] })],
    /its calendar cannot be that of files/,
  ],
])('%s is refused', (_what, declared, sentence) => {
  expect(brokenRules(declared, ['points'])).toEqual([expect.stringMatching(sentence)])
})

test('a source whose topics would lie within those of another is refused', () => {
  const within = { ...good, name: 'tides.north', datasets: [] }
  expect(brokenRules([good, within], [])).toContain(
    'The source tides.north would lie within the topics of tides: rename one.',
  )
})

test('a dataset that no answer ever comes for is refused', () => {
  const { asking: _asking, ...unasked } = dataset
  expect(brokenRules([{ ...good, datasets: [unasked] }], [])).toEqual([
    'Dataset tides.hourly: it is neither asked for nor read from files: declare asking or files.',
  ])
})

test('a dataset that is only read from files cannot have the schedule auto', () => {
  const { asking: _asking, ...unasked } = dataset
  const files = { by: 'file', maxBytes: 1 } as const
  const broken = (schedule: Schedule) => brokenRules([{ ...good, datasets: [{ ...unasked, files, schedule }] }], [])
  expect(broken('on-demand')).toEqual([])
  expect(broken('auto')).toEqual([
    'Dataset tides.hourly: it is not asked for, so its schedule cannot be auto: say on-demand or off.',
  ])
})

test('a dataset with the calendar of files cannot have checks across answers', () => {
  const { asking: _asking, ...unasked } = dataset
  const files = { by: 'file', maxBytes: 1 } as const
  const ofFiles = {
    ...unasked,
    files,
    schedule: 'on-demand' as const,
    calendar: { kind: 'files', zone: 'UTC' } as const,
  }
  expect(brokenRules([{ ...good, datasets: [{ ...ofFiles, acrossAnswers: [fewRows] }] }], [])).toEqual([
    'Dataset tides.hourly: it is read from files, which have no windows: it cannot have checks across answers.',
  ])
  expect(brokenRules([{ ...good, datasets: [{ ...ofFiles, acrossAnswers: [] }] }], [])).toEqual([])
})
