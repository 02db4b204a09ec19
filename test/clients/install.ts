import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const CACHE = join(import.meta.dirname, '..', '..', '.cache', 'clients')
const run = promisify(execFile)
/** Timeout of an installation, ms. Compilers take minutes. */
const INSTALL_MS = 1_500_000

export type Installed = { folder: string; why?: undefined } | { folder?: undefined; why: string }

/** Returns a cached folder, which `commands` fill at the first call. If a command fails, warns and returns why. */
async function installed(name: string, commands: (folder: string) => string[][]): Promise<Installed> {
  const folder = join(CACHE, name)
  if (existsSync(folder)) return { folder }
  mkdirSync(CACHE, { recursive: true })
  const aside = mkdtempSync(join(CACHE, 'making-'))
  try {
    for (const [program = '', ...parameters] of commands(aside)) await run(program, parameters, { timeout: INSTALL_MS })
    // Another process may have filled the same folder first.
    if (!existsSync(folder)) renameSync(aside, folder)
    return { folder }
  } catch (error) {
    if (existsSync(folder)) return { folder }
    const why = whyNot(error as NodeJS.ErrnoException)
    console.warn(`NOT TESTED: ${name} cannot be installed: ${why}`)
    return { why }
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

function whyNot({ code, path, message }: NodeJS.ErrnoException): string {
  return code === 'ENOENT' ? `${path ?? 'a program'} is not on this machine` : message.slice(0, 500)
}

export function pythonPackages(name: string, packages: string[]): Promise<Installed> {
  const options = ['-q', '--disable-pip-version-check', '--no-warn-script-location', '--only-binary', ':all:']
  return installed(name, (folder) => [['python3', '-m', 'pip', 'install', ...options, '--target', folder, ...packages]])
}

export function mavenJars(name: string, artifacts: string[]): Promise<Installed> {
  const copy = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy'
  return installed(name, (folder) =>
    artifacts.map((artifact) => ['mvn', '-q', '-B', copy, `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`]),
  )
}

export function mavenDependencies(name: string, pom: string): Promise<Installed> {
  const copy = 'org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies'
  const options = ['-q', '-B', '-f', pom, '-DincludeScope=runtime']
  return installed(name, (folder) => [['mvn', ...options, copy, `-DoutputDirectory=${folder}`]])
}

/** Returns a name with a hash of the sources, so that changed sources are built again. */
function built(name: string, source: string): string {
  const hash = createHash('sha256')
  for (const file of readdirSync(source, { recursive: true, withFileTypes: true })) {
    if (file.isFile()) hash.update(file.name).update(readFileSync(join(file.parentPath, file.name)))
  }
  return `${name}-${hash.digest('hex').slice(0, 8)}`
}

export function rustProgram(name: string, source: string): Promise<Installed> {
  return installed(built(name, source), (folder) => {
    const [copy, target] = [join(folder, 'source'), join(folder, 'target')]
    return [
      ['cp', '-r', source, copy],
      ['cargo', 'build', '-q', '--manifest-path', join(copy, 'Cargo.toml'), '--target-dir', target],
      ['mv', join(target, 'debug', 'rust_client'), join(folder, 'client')],
      ['rm', '-r', target],
    ]
  })
}

export function goProgram(name: string, source: string): Promise<Installed> {
  return installed(built(name, source), (folder) => {
    const copy = join(folder, 'source')
    return [
      ['cp', '-r', source, copy],
      ['go', 'build', '-C', copy, '-mod=mod', '-o', join(folder, 'client'), '.'],
    ]
  })
}
