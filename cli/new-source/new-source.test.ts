import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { brokenRules } from '#catalogue/check-declarations.ts'
import { tidemark } from '../../test/support/tidemark-command.ts'
import { namesOf, recordNamesOf, refuseName, upstreamOf } from './named.ts'
import { nextSteps } from './new-source.ts'
import { newSource as template } from './template/new-source.ts'

// The checks of the whole project run on the copy.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 240_000 })

const project = fileURLToPath(new URL('../../', import.meta.url))
const notCopied = /^(node_modules|\.git|\.tidemark|\.cache)$/
let copy: string
const inCopy = (file: string): string => readFileSync(join(copy, file), 'utf8')
const newSource = (...args: string[]) => tidemark(['new-source', ...args], process.env, copy)

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'tidemark-new-source-'))
  cpSync(project, copy, { recursive: true, filter: (path) => !notCopied.test(relative(project, path)) })
  symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'))
})
afterAll(() => rmSync(copy, { recursive: true, force: true }))

/** Returns the output of a failed check; empty if it passes. */
function failureOf(command: string, ...parameters: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, parameters, { cwd: copy, encoding: 'utf8' })
  return status === 0 ? '' : `${stdout}${stderr}`
}

test('new sources pass every check as they were written, without another step; one has a record of its own', async () => {
  const withRecord = await newSource('tide', '--record', 'WaterLevel', '--json')
  expect(withRecord.stderr).toBe('')
  expect(JSON.parse(withRecord.stdout).files).toEqual(
    expect.arrayContaining(
      ['water-level/v1.avsc', 'water-level.ts', 'water-level-store.ts', 'generated/records.ts'].map(
        (file) => `sources/tide/${file}`,
      ),
    ),
  )
  expect(inCopy('sources/tide/generated/records.ts')).toContain('waterLevelSchema: RecordSchema<WaterLevel> = {')
  expect(inCopy('schemas/generated/versions.json')).toContain('"sources/tide/water-level/v1.avsc": "')
  expect(inCopy('sources/tide/tide.ts')).toContain('topics: [waterLevelTopic]')
  expect(inCopy('docs/catalogue.md')).toContain('### tide.water-level')

  const { code, stdout, stderr } = await newSource('ice-nl', '--url', 'https://api.ice.example/v2/levels')
  expect({ code, stdout: stdout.split('\n') }).toEqual({
    code: 0,
    stdout: expect.arrayContaining([
      'sources/ice-nl/ice-nl.ts',
      'sources/ice-nl/samples/a-day.body',
      'sources/index.ts',
    ]),
  })
  expect(stderr).toContain('ICE_NL_BASE_URL=')
  expect(inCopy('sources/ice-nl/ice-nl.ts')).toContain("default: 'https://api.ice.example', setting: 'ICE_NL_BASE_URL'")
  expect(inCopy('sources/ice-nl/daily.ts')).toContain('/v2/levels?from=')
  expect(inCopy('sources/index.ts')).toContain("import { iceNl } from './ice-nl/ice-nl.ts'")
  expect(inCopy('docs/catalogue.md')).toContain('### ice-nl.daily')
  const plain = readdirSync(join(copy, 'sources/ice-nl'), { recursive: true })
  expect(plain.toSorted()).toEqual([
    ...['daily.test.ts', 'daily.ts', 'ice-nl.ts', 'samples', 'samples/a-day.asked.json', 'samples/a-day.body'],
  ])
  expect(inCopy('sources/ice-nl/ice-nl.ts')).not.toMatch(/new-?record|--record|topics:/i)

  expect(failureOf('biome', 'check', '--error-on-warnings', 'sources', 'test')).toBe('')
  expect(failureOf('tsc', '-p', '.', '--incremental', 'false', '--tsBuildInfoFile', 'null')).toBe('')
  expect(failureOf('knip')).toBe('')
  expect(failureOf(process.execPath, 'schemas/generate.ts', '--check')).toBe('')
  expect(failureOf(process.execPath, 'catalogue/generate.ts', '--check')).toBe('')
  expect(failureOf(process.execPath, 'infra/docker/generate-settings.ts', '--check')).toBe('')
  expect(failureOf(process.execPath, 'test/explode/generate.ts', '--check')).toBe('')
  const whereSourcesCount = [
    'catalogue/check-decl',
    'infra/docker/compose',
    'test/explode/every',
    'test/store/friendly',
    'core/',
  ]
  expect(failureOf('vitest', 'run', 'sources/ice-nl', 'sources/tide', 'test/schemas/every', ...whereSourcesCount)).toBe(
    '',
  )
})

test('a second one stands beside the first; a name that is taken is refused, and nothing is overwritten', async () => {
  const { stdout } = await newSource('rain', '--json')
  expect(JSON.parse(stdout)).toMatchObject({ source: 'rain', files: expect.arrayContaining(['sources/rain/daily.ts']) })
  const index = inCopy('sources/index.ts')
  expect(index).toMatch(/\[[^\]]*\biceNl, rain\]/)
  const again = await newSource('rain')
  expect(again).toMatchObject({ code: 1, stdout: '' })
  expect(again.stderr).toBe('tidemark: There is a source rain already, sources/rain: choose another name.\n')
  mkdirSync(join(copy, 'sources/by-hand'))
  const there = await newSource('by-hand')
  expect(there).toMatchObject({ code: 1, stdout: '' })
  expect(there.stderr).toContain('sources/by-hand is there already')
  expect(readdirSync(join(copy, 'sources/by-hand'))).toEqual([])
  expect(inCopy('sources/index.ts')).toBe(index)
})

test('the schema of a record is edited before its first release as the messages say', () => {
  expect(nextSteps('tide', 'TIDE_BASE_URL', 'water-level')).toMatch(
    /before each edit of v1\.avsc, until its first release: take its line out of schemas\/generated\/versions\.json$/m,
  )
  expect(nextSteps('rain', 'RAIN_BASE_URL', undefined)).not.toContain('versions.json')
  const schema = 'sources/tide/water-level/v1.avsc'
  writeFileSync(join(copy, schema), inCopy(schema).replace('"doc": "live, simulated or file"', '"doc": "the origin"'))
  const refused = failureOf(process.execPath, 'schemas/generate.ts')
  expect(refused).toContain(`${schema} went out and was edited: `)
  expect(refused).toContain('If it was never released, take its line out of schemas/generated/versions.json')
  const versions = 'schemas/generated/versions.json'
  writeFileSync(join(copy, versions), inCopy(versions).replace(new RegExp(`^.*"${schema}".*\\n`, 'm'), ''))
  expect(failureOf(process.execPath, 'schemas/generate.ts')).toBe('')
  expect(inCopy('sources/tide/generated/records.ts')).toContain('/** the origin */')
  expect(inCopy(versions)).toContain(`"${schema}": "`)
})

test('the template keeps the rules of declarations itself', () => {
  expect(brokenRules([template], [])).toEqual([])
})

describe('names', () => {
  test.each(['Rain', 'rain_nl', 'rain.nl', '1rain', 'rain-', '../rain', '', 'tidemark', 'class', 'sources'])(
    '%j is refused in one sentence',
    (name) => {
      expect(() => refuseName(name, [])).toThrow(/^A source cannot be named [^\n]+\.( Choose another name\.)?$/)
    },
  )

  test('a good one, as each place spells it', () => {
    expect(() => refuseName('ice-nl-2', ['rain'])).not.toThrow()
    expect(namesOf('ice-nl-2')).toEqual({
      ...{ name: 'ice-nl-2', constant: 'iceNl2', view: 'ice_nl_2', upper: 'ICE_NL_2', setting: 'ICE_NL_2_BASE_URL' },
    })
  })

  test.each([
    'waterLevel',
    'Water-Level',
    'H2O',
    '',
    'Answers',
    'Raw',
    'Daily',
    'Dataset',
    'Row',
    'NewRecord',
    'NewSource',
  ])('a record %j is refused in one sentence', (name) => {
    expect(() => recordNamesOf(name)).toThrow(/^A record cannot be named [^\n]+\.$/)
  })

  test("a record's good one, as each place spells it", () => {
    expect(recordNamesOf('WaterLevel2')).toEqual({
      ...{ type: 'WaterLevel2', constant: 'waterLevel2', name: 'water-level2', view: 'water_level2' },
    })
  })

  test.each([
    ['ftp://x.example/', 'is not an http(s) address'],
    ['x.example', 'is not an http(s) address'],
    ['https://me:secret@x.example/', 'holds a login'],
    ['https://x.example/a?b=c', 'has a query'],
  ])('the address %s is refused', (url, sentence) => {
    expect(() => upstreamOf(url)).toThrow(sentence)
  })

  test('an address cannot end the code that it is written into', () => {
    expect(upstreamOf(`https://x.example:8443/a'\`\${b}\\c`)).toEqual({
      origin: 'https://x.example:8443',
      path: '/a%27%60%24%7Bb%7D/c',
    })
  })
})
