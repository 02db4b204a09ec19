import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const CACHE = join(import.meta.dirname, '..', '..', '.cache', 'clients')
const run = promisify(execFile)
const INSTALL_MS = 280_000

/**
 * A folder of the cache with what `commands` put into the folder they are given; made once, whoever comes first. Undefined,
 * with a loud warning, when it cannot be made: the registry or the tool is missing, which is not this project's fault.
 */
async function installed(name: string, commands: (folder: string) => string[][]): Promise<string | undefined> {
  const folder = join(CACHE, name)
  if (existsSync(folder)) return folder
  mkdirSync(CACHE, { recursive: true })
  const aside = mkdtempSync(join(CACHE, 'making-'))
  try {
    for (const [program = '', ...args] of commands(aside)) await run(program, args, { timeout: INSTALL_MS })
    // The other process may have been faster; its folder is as good.
    if (!existsSync(folder)) renameSync(aside, folder)
    return folder
  } catch (error) {
    if (existsSync(folder)) return folder
    console.warn(`NOT TESTED: ${name} cannot be installed: ${(error as Error).message.slice(0, 500)}`)
    return undefined
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

/** Python packages, for PYTHONPATH. */
export function pythonPackages(name: string, packages: string[]): Promise<string | undefined> {
  const options = ['-q', '--disable-pip-version-check', '--no-warn-script-location', '--only-binary', ':all:']
  return installed(name, (folder) => [['python3', '-m', 'pip', 'install', ...options, '--target', folder, ...packages]])
}

/** Jars of Maven Central in one folder, for a class path. */
export function mavenJars(name: string, artifacts: string[]): Promise<string | undefined> {
  const copy = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy'
  return installed(name, (folder) =>
    artifacts.map((artifact) => ['mvn', '-q', '-B', copy, `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`]),
  )
}

/** The jars that a pom.xml depends on, in one folder, for a class path. */
export function mavenDependencies(name: string, pom: string): Promise<string | undefined> {
  const copy = 'org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies'
  const options = ['-q', '-B', '-f', pom, '-DincludeScope=runtime']
  return installed(name, (folder) => [['mvn', ...options, copy, `-DoutputDirectory=${folder}`]])
}
