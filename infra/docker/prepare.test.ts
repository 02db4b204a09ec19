import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { prepare, type Volumes } from './prepare.ts'

let directory: string
let volumes: Volumes

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-prepare-'))
  const volume = (name: string): string => {
    mkdirSync(join(directory, name))
    return join(directory, name)
  }
  volumes = { stack: volume('stack'), clickHouseUsers: volume('users'), registry: volume('registry') }
})
afterEach(() => rmSync(directory, { recursive: true }))

const passwordOf = (user: string): string => readFileSync(join(volumes.stack, `${user}.password`), 'utf8')
const users = (): string => readFileSync(join(volumes.clickHouseUsers, 'tidemark.xml'), 'utf8')

describe('the volumes of the containers', () => {
  test('get a random password for each of the two users, and the server knows only its hash', () => {
    prepare(volumes, 'live')
    expect(passwordOf('tidemark')).not.toBe(passwordOf('reader'))
    for (const user of ['tidemark', 'reader']) {
      expect(passwordOf(user)).toMatch(/^[\w-]{32}$/)
      const hash = createHash('sha256').update(passwordOf(user)).digest('hex')
      expect(users()).toMatch(new RegExp(`<${user}>\\s*<password_sha256_hex>${hash}<`))
      expect(users()).not.toContain(passwordOf(user))
    }
    expect(users()).toContain('<default remove="1"/>')
  })

  test('keep their passwords at the next start', () => {
    prepare(volumes, 'live')
    const before = [passwordOf('tidemark'), passwordOf('reader'), users()]
    prepare(volumes, 'live')
    expect([passwordOf('tidemark'), passwordOf('reader'), users()]).toEqual(before)
  })

  test('let nobody read passwords but the owner and the group of our programs', () => {
    prepare(volumes, 'live')
    const modeOf = (path: string): number => statSync(path).mode & 0o777
    expect(modeOf(volumes.stack)).toBe(0o750)
    expect(modeOf(join(volumes.stack, 'tidemark.password'))).toBe(0o440)
    expect(modeOf(join(volumes.stack, 'clickhouse-credentials.json'))).toBe(0o600)
  })

  test('are refused to the other source, and nothing is changed', () => {
    prepare(volumes, 'live')
    const before = users()
    expect(() => prepare(volumes, 'simulated')).toThrow(/hold live data and ORIGIN is simulated/)
    expect(users()).toBe(before)
    expect(() => prepare(volumes, 'live')).not.toThrow()
  })
})

describe('entry.sh', () => {
  const entry = fileURLToPath(new URL('entry.sh', import.meta.url))
  const run = (environment: Record<string, string>, ...command: string[]) =>
    spawnSync('sh', [entry, ...command], { encoding: 'utf8', env: { PATH: process.env.PATH ?? '', ...environment } })

  test('gives the command the password of the file', () => {
    const file = join(directory, 'password')
    writeFileSync(file, "it's $HOME `x`")
    const { stdout } = run({ CLICKHOUSE_PASSWORD_FILE: file }, 'printenv', 'CLICKHOUSE_PASSWORD')
    expect(stdout).toBe("it's $HOME `x`\n")
  })

  test('runs the command as it stands when there is no file to read', () => {
    expect(run({ CLICKHOUSE_PASSWORD: 'mine' }, 'printenv', 'CLICKHOUSE_PASSWORD').stdout).toBe('mine\n')
  })

  test('says what to do when the file is missing', () => {
    const { status, stderr } = run({ CLICKHOUSE_PASSWORD_FILE: '/nowhere' }, 'true')
    expect(status).toBe(1)
    expect(stderr).toContain('/nowhere (CLICKHOUSE_PASSWORD_FILE) is missing or empty: run `docker compose up prepare`')
  })

  test("ends with the command's exit code", () => expect(run({}, 'sh', '-c', 'exit 7').status).toBe(7))
})
