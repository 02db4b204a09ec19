import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { catalogueEntries } from '#catalogue/entry.ts'
import { sources } from '#sources/index.ts'
import { tidemark } from '../../test/support/tidemark-command.ts'
import { diffText, readEarlier } from './diff.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-diff-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const declared = catalogueEntries(sources)
const fileOf = (name: string, document: unknown): string => {
  const file = join(directory, name)
  writeFileSync(file, typeof document === 'string' ? document : JSON.stringify(document))
  return file
}

test('breaking changes come first, and each line says what was and what is', () => {
  const change = { dataset: 'a.b', what: 'unit', from: 'MW', to: 'GW' }
  const gone = { dataset: 'a.c', what: null, from: 'Title', to: null }
  const isNew = { dataset: 'a.d\u001b[31m', what: null, from: null, to: 'New one' }
  const noView = { dataset: 'a.b', what: 'view', from: null, to: 'x'.repeat(201) }
  expect(diffText({ breaking: [change, gone], additive: [isNew, noView] })).toBe(
    `breaking\n  a.b: unit: MW -> GW\n  a.c: is gone (Title)\nadditive\n  a.d\ufffd[31m: is new (New one)\n  a.b: view: none -> ${'x'.repeat(199)}…\n`,
  )
  expect(diffText({ breaking: [], additive: [] })).toBe('nothing changed\n')
})

test('the command ends with 3 if a change is breaking, else with 0', async () => {
  const [first, ...others] = declared
  const run = (file: string, ...more: string[]) => tidemark(['catalogue', 'diff', file, ...more], process.env)
  const [same, additive, breaking] = await Promise.all([
    run(fileOf('same.json', declared)),
    run(fileOf('fewer.json', others)),
    run(fileOf('other-unit.json', [{ ...first, unit: 'GW' }, ...others]), '--json'),
  ])
  expect(same).toEqual({ code: 0, stdout: 'nothing changed\n', stderr: '' })
  expect(additive).toEqual({ code: 0, stdout: `additive\n  ${first?.dataset}: is new (${first?.title})\n`, stderr: '' })
  expect({ ...breaking, stdout: JSON.parse(breaking.stdout) }).toEqual({
    ...{ code: 3, stderr: '' },
    stdout: { breaking: [{ dataset: first?.dataset, what: 'unit', from: 'GW', to: first?.unit }], additive: [] },
  })
})

test('a commit, branch or tag names the catalogue that was generated for it', async () => {
  const repository = join(directory, 'repository')
  mkdirSync(join(repository, 'docs'), { recursive: true })
  const git = (...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      ...{ cwd: repository, encoding: 'utf8', stdio: 'pipe' },
    })
  git('init', '--quiet')
  git('commit', '--quiet', '--allow-empty', '-m', 'nothing yet')
  git('tag', 'before')
  writeFileSync(join(repository, 'docs/catalogue.json'), '[{"dataset":"a.b","unit":"MW"}]')
  git('add', '.')
  git('commit', '--quiet', '-m', 'a catalogue')
  git('tag', 'v1')
  writeFileSync(join(repository, 'docs/catalogue.json'), '[]')
  for (const ref of ['v1', 'HEAD', git('rev-parse', 'HEAD').trim()]) {
    expect(await readEarlier(ref, repository)).toEqual([{ dataset: 'a.b', unit: 'MW' }])
  }
  await expect(readEarlier('before', repository)).rejects.toThrow(/no docs\/catalogue\.json in a commit of this name/)
  await expect(readEarlier('v2', repository)).rejects.toThrow(/There is no file v2/)
})

test.each(['--version', 'a:b', '', 'x'.repeat(5_000), 'a\0b'])('refuses the name %j', async (ref) => {
  await expect(readEarlier(ref, directory)).rejects.toThrow(/name a file that .* wrote, or a commit/)
})

test('a file that is not a catalogue is refused with what is wrong, and where', async () => {
  await expect(readEarlier(fileOf('bad.json', '[{"dataset":7}]'))).rejects.toThrow(
    /bad\.json is not a catalogue \(0\.dataset: /,
  )
  await expect(readEarlier(fileOf('empty.json', ''))).rejects.toThrow(/it is not JSON/)
})

test('the project has the catalogue that commits are compared with', () => {
  const text = readFileSync(new URL('../../docs/catalogue.json', import.meta.url), 'utf8')
  expect(JSON.parse(text)).toEqual(declared)
})
