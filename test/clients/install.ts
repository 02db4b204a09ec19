import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const CACHE = join(import.meta.dirname, '..', '..', '.cache', 'clients')
const run = promisify(execFile)
const INSTALL_MS = 280_000

/**
 * A folder of the cache with what `command` puts into the folder it is given; made once, whoever comes first. Undefined,
 * with a loud warning, when it cannot be made: the registry or the tool is missing, which is not this project's fault.
 */
async function installed(name: string, command: (folder: string) => string[]): Promise<string | undefined> {
  const folder = join(CACHE, name)
  if (existsSync(folder)) return folder
  mkdirSync(CACHE, { recursive: true })
  const aside = mkdtempSync(join(CACHE, 'making-'))
  const [program = '', ...args] = command(aside)
  try {
    await run(program, args, { timeout: INSTALL_MS })
    // The other process may have been faster; its folder is as good.
    if (!existsSync(folder)) renameSync(aside, folder)
    return folder
  } catch (error) {
    if (existsSync(folder)) return folder
    console.warn(`NOT TESTED: ${name} cannot be installed (${program}): ${(error as Error).message.slice(0, 500)}`)
    return undefined
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

/** Python packages, for PYTHONPATH. */
export function pythonPackages(name: string, packages: string[]): Promise<string | undefined> {
  const options = ['-q', '--disable-pip-version-check', '--no-warn-script-location', '--only-binary', ':all:']
  return installed(name, (folder) => ['python3', '-m', 'pip', 'install', ...options, '--target', folder, ...packages])
}

/** A jar of Maven Central with all it needs, in one folder, for a class path. */
export function mavenJar(name: string, artifact: string): Promise<string | undefined> {
  const copy = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy'
  return installed(name, (folder) => ['mvn', '-q', '-B', copy, `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`])
}
