import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { UserError } from '#platform/process/user-error.ts'

export const minJavaMajor = 17
const installJava = `install a JDK or JRE ${minJavaMajor} or newer (for instance Temurin), or set JAVA_HOME to one`

export interface Java {
  command: string
  version: string
  major: number
}

/** Finds Java in JAVA_HOME, otherwise on the PATH. @throws UserError if Java is absent or too old */
export function findJava(environment: NodeJS.ProcessEnv = process.env): Java {
  const home = environment.JAVA_HOME
  const command = home ? join(home, 'bin', 'java') : 'java'
  const run = spawnSync(command, ['-version'], { env: environment, encoding: 'utf8', timeout: 20_000 })
  const where = home ? `in JAVA_HOME (${home})` : 'on the PATH'
  const output = `${run.stderr ?? ''}${run.stdout ?? ''}`
  const major = javaMajor(output)
  // macOS has a stub `java` on the PATH that fails and prints that no Java is installed.
  if (run.error !== undefined || run.status !== 0 || major === undefined)
    throw new UserError(`Java was not found ${where}: ${installJava}.`)
  const version = output.split('\n').find((line) => line.includes(' version ')) ?? `Java ${major}`
  if (major < minJavaMajor) throw new UserError(`The Java ${where} is ${major}, too old: ${installJava}.`)
  return { command, version, major }
}

/** Returns Java's major version from the output of `java -version`: 17 from 17.0.15, 8 from 1.8.0_392. */
export function javaMajor(output: string): number | undefined {
  const found = / version "(?:1\.)?(\d+)/.exec(output)
  return found ? Number(found[1]) : undefined
}
