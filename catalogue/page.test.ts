import { expect, test } from 'vitest'
import { declaredSource } from '../test/support/declared-source.ts'
import { cataloguePage } from './page.ts'

const source = declaredSource({ name: 'tides' })
const lines = (text: string): string[] => text.split('\n')

test('the page has a table of sources and, by source, all that is declared of its datasets', () => {
  const page = lines(cataloguePage([source, { ...declaredSource({ name: 'moons' }), title: 'Moon | phases' }]))
  expect(page.filter((line) => /^#+ /.test(line))).toEqual([
    '# Catalogue',
    '## tides',
    '### tides.hourly',
    '## moons',
    '### moons.hourly',
  ])
  for (const line of [
    '| [`tides`](#tides) | Tide tables | 1 | 1 | the harbour office | https://tides.example | [free for all](https://tides.example/terms) |',
    '| [`moons`](#moons) | Moon \\| phases | 1 | 1 | the harbour office | https://moons.example | [free for all](https://moons.example/terms) |',
    '| [`tides.hourly`](#tideshourly) | Water levels | cm | 15 min since 2024-12-31 23:00Z, 1 h since 2019-12-31 23:00Z | auto | no | documented |',
    '**Water levels.** Water above the mean, by harbour.',
    '- Keys: `at_<harbour>`, for example `at_OST`; labels: `harbour` (three letters)',
    '- Plausible: -500 to 500.5; what lies outside is stored with the flag `implausible`',
    '- Expected of an answer: every hour has a row; it’s whole cm',
    '- Flag `ebb-above-flood`: The ebb is above the flood.',
    '- View: `tides_levels`',
    '- Transform version 7, shape documented, [upstream’s page](https://tides.example/levels)',
  ]) {
    expect(page).toContain(line)
  }
})

test('it says what a shorter retention costs, the topics, the key that is wanted, and that something comes in files', () => {
  const credential = { header: 'x-key', setting: 'TIDES_KEY', obtainFrom: 'ask the harbour master' }
  const wanted = cataloguePage([{ ...source, upstream: { ...source.upstream!, credential } }])
  expect(wanted).toContain('Wants a key in `TIDES_KEY`: ask the harbour master.')
  expect(wanted).toContain(
    'Answers are kept 30 days, slices for ever; older answers cannot be replayed, rebuilt or explained any more',
  )
  expect(wanted).toContain(
    'Topics: `tides.raw`, `tides.timeseries`, `tides.answers`, `tides.series`, `tides.dlq`, `tides.alarms`.',
  )
  const { upstream: _, ...filed } = source
  expect(cataloguePage([filed])).toContain('Comes in files.')
})
