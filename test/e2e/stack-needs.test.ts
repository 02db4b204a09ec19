// What `up` says when this machine lacks something: one sentence, exit code 1, nothing left behind.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { runningIn } from '#local/data-directory.ts'
import { freePortBase, tidemark } from '../support/tidemark-command.ts'

// Starts of real parts take seconds, and many times that on a machine that is busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 })

const home = mkdtempSync(join(tmpdir(), 'tidemark-needs-'))
const programs = join(home, 'programs')
let base = 0

beforeAll(async () => {
  base = await freePortBase()
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** Runs `up` with nothing on the PATH but the given programs: names of real ones, or scripts. */
async function upWith(programsOnPath: Record<string, string | true>, more: NodeJS.ProcessEnv = {}) {
  rmSync(programs, { recursive: true, force: true })
  mkdirSync(programs, { recursive: true })
  for (const [name, script] of Object.entries(programsOnPath)) {
    const path = join(programs, name)
    if (script === true) symlinkSync(realProgram(name), path)
    else writeFileSync(path, `#!/bin/sh\n${script}\n`)
    if (script !== true) chmodSync(path, 0o755)
  }
  const data = mkdtempSync(join(home, 'data-'))
  const environment = { PATH: programs, TIDEMARK_CACHE: join(home, 'cache'), ...more }
  const args = ['up', '--data', data, '--source', 'simulated', '--port-base', `${base}`]
  const { code, stderr } = await tidemark(args, environment)
  expect(runningIn(data)).toBeUndefined()
  return { code, said: stderr.split('\n').filter((line) => line.startsWith('tidemark: ')) }
}

function realProgram(name: string): string {
  const folder = (process.env.PATH ?? '').split(delimiter).find((path) => path !== '' && existsSync(join(path, name)))
  if (folder === undefined) throw new Error(`these tests need ${name} on the PATH`)
  return join(folder, name)
}

const basics = { sh: true, sleep: true } as const
const java17 = `echo 'openjdk version "17.0.1" 2021-10-19' >&2`
const maven39 = 'echo "Apache Maven 3.9.6"'

test('no Java', async () => {
  expect(await upWith(basics)).toEqual({
    code: 1,
    said: [
      'tidemark: Java was not found on the PATH: install a JDK or JRE 17 or newer (for instance Temurin), or set JAVA_HOME to one.',
    ],
  })
})

test('a Java that is too old', async () => {
  const { code, said } = await upWith({ ...basics, java: `echo 'openjdk version "11.0.2" 2019-01-15' >&2` })
  expect(code).toBe(1)
  expect(said).toEqual([expect.stringMatching(/^tidemark: The Java on the PATH is 11, too old: install .+\.$/)])
})

test('a JAVA_HOME without a Java in it', async () => {
  const { said } = await upWith({ ...basics, java: java17 }, { JAVA_HOME: '/nowhere' })
  expect(said).toEqual([expect.stringContaining('Java was not found in JAVA_HOME (/nowhere): install ')])
})

test('no Maven while the cache is empty', async () => {
  const { code, said } = await upWith({ ...basics, java: java17 })
  expect(code).toBe(1)
  expect(said).toEqual([
    expect.stringMatching(
      /^tidemark: Maven, which fetches .+ once, was not found on the PATH: install Maven 3\.8 or newer\.$/,
    ),
  ])
})

test('a Maven that is too old', async () => {
  const { said } = await upWith({ ...basics, java: java17, mvn: 'echo "Apache Maven 3.6.3 (cecedd3)"' })
  expect(said).toEqual([
    expect.stringMatching(/^tidemark: Maven 3\.6 is too old to fetch .+: install Maven 3\.8 or newer\.$/),
  ])
})

test('no network while the cache is empty', async () => {
  const error =
    '[ERROR] Plugin x could not be resolved: Could not transfer artifact: repo.example: Name or service not known'
  const mvn = `case "$*" in *--version*) ${maven39};; *) echo '${error}'; exit 1;; esac`
  const { code, said } = await upWith({ ...basics, java: java17, mvn })
  expect(code).toBe(1)
  expect(said).toEqual([
    expect.stringMatching(/^tidemark: No network to fetch .+: check the connection, or the mirror and proxy /),
  ])
})

test('a dataset to be off that there is not', async () => {
  const { code, said } = await upWith(basics, { DATASET_SCHEDULES: 'jao.nothing:off' })
  expect([code, ...said]).toEqual([1, 'tidemark: Settings do not fit (environment variables):'])
})
