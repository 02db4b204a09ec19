import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { UserError } from '#platform/process/user-error.ts'

export const oldestJava = 17
const installJava = `install a JDK or JRE ${oldestJava} or newer (for instance Temurin), or set JAVA_HOME to one`

export interface Java {
  /** What to run. */
  command: string
  /** The first line of `java -version`. */
  version: string
  major: number
}

/**
 * The Java that JAVA_HOME names, else the one on the PATH.
 * @throws UserError when there is none, or when it is too old for Kafka and the registry.
 */
export function findJava(environment: NodeJS.ProcessEnv = process.env): Java {
  const home = environment.JAVA_HOME
  const command = home ? join(home, 'bin', 'java') : 'java'
  const run = spawnSync(command, ['-version'], { env: environment, encoding: 'utf8', timeout: 20_000 })
  const where = home ? `in JAVA_HOME (${home})` : 'on the PATH'
  const said = `${run.stderr ?? ''}${run.stdout ?? ''}`
  const major = javaMajor(said)
  // macOS has a java on the PATH that only says that there is no Java, and fails.
  if (run.error !== undefined || run.status !== 0 || major === undefined)
    throw new UserError(`Java was not found ${where}: ${installJava}.`)
  const version = said.split('\n').find((line) => line.includes(' version ')) ?? `Java ${major}`
  if (major < oldestJava) throw new UserError(`The Java ${where} is ${major}, too old: ${installJava}.`)
  return { command, version, major }
}

/** The feature release of `java -version`: 17 of 17.0.15, 8 of 1.8.0_392; undefined when it is no such text. */
export function javaMajor(said: string): number | undefined {
  const found = / version "(?:1\.)?(\d+)/.exec(said)
  return found ? Number(found[1]) : undefined
}
