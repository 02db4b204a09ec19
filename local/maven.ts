import { spawn, spawnSync } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { UserError } from '#platform/process/user-error.ts'

const command = 'mvn'
const oldestMaven = { major: 3, minor: 8 }
const installMaven = `install Maven ${oldestMaven.major}.${oldestMaven.minor} or newer`

export function checkMaven(what: string, environment: NodeJS.ProcessEnv = process.env): void {
  const run = spawnSync(command, ['--batch-mode', '--version'], {
    env: environment,
    encoding: 'utf8',
    timeout: 60_000,
  })
  const version = mavenVersion(run.stdout ?? '')
  if (run.error !== undefined || version === undefined)
    throw new UserError(`Maven, which fetches ${what} once, was not found on the PATH: ${installMaven}.`)
  if (version.major < oldestMaven.major || (version.major === oldestMaven.major && version.minor < oldestMaven.minor))
    throw new UserError(`Maven ${version.major}.${version.minor} is too old to fetch ${what}: ${installMaven}.`)
}

export function mavenVersion(output: string): { major: number; minor: number } | undefined {
  const found = /Apache Maven (\d+)\.(\d+)/.exec(stripVTControlCharacters(output))
  return found ? { major: Number(found[1]), minor: Number(found[2]) } : undefined
}

/** Runs Maven on `directory`/pom.xml, which fills `directory`/files. @throws UserError with Maven's first error */
export async function runPom(directory: string, what: string, environment: NodeJS.ProcessEnv): Promise<void> {
  const log = createWriteStream(join(directory, 'maven.log'))
  const child = spawn(command, ['--batch-mode', '--no-transfer-progress', 'validate'], {
    cwd: directory,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const endWithUs = (): void => void child.kill()
  process.once('exit', endWithUs)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk).slice(-200_000)
      log.write(chunk)
    })
  }
  const code = await new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(null))
    child.on('close', resolve)
  })
  process.off('exit', endWithUs)
  await new Promise<void>((resolve) => log.end(resolve))
  if (code !== 0) throw new UserError(explainFailure(what, stripVTControlCharacters(output)))
}

export function explainFailure(what: string, output: string): string {
  const first = output.split('\n').find((line) => line.startsWith('[ERROR]'))
  const reason = first?.replace('[ERROR]', '').trim().slice(0, 300) ?? 'it gave no reason'
  if (/No space left on device/i.test(output))
    return `The disk is full: ${what} could not be stored; make room, or point TIDEMARK_CACHE elsewhere.`
  const network =
    /UnknownHost|Unknown host|Name or service not known|Connect(ion)? .*(refused|timed out|reset)|unreachable/i
  if (network.test(output))
    return `No network to fetch ${what} (it is fetched once): check the connection, or the mirror and proxy in Maven's settings.xml. Maven said: ${reason}`
  return `Maven could not fetch ${what}: ${reason}`
}
