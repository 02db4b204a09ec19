import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { mavenDependencies, pythonPackages } from '../clients/install.ts'

export interface Program {
  name: string
  command: string
  parameters: string[]
  environment?: Record<string, string>
}

const examples = join(import.meta.dirname, '..', '..', 'examples')

export const nodeProgram = (file: string): Program => ({
  name: file,
  command: process.execPath,
  parameters: [join(examples, 'node', file)],
})

/** Returns a Python program. Warns and returns undefined if its packages cannot be installed. */
export async function pythonProgram(file: string, cache: string, packages: string[]): Promise<Program | undefined> {
  const { folder: path } = await pythonPackages(cache, packages)
  if (path === undefined) return undefined
  const environment = { PYTHONPATH: path, PYTHONDONTWRITEBYTECODE: '1' }
  return { name: file, command: 'python3', parameters: [join(examples, 'python', file)], environment }
}

export async function javaProgram(file: string, cache: string): Promise<Program | undefined> {
  const { folder: jars } = await mavenDependencies(cache, join(examples, 'java', 'pom.xml'))
  if (jars === undefined) return undefined
  return { name: file, command: 'java', parameters: ['-cp', join(jars, '*'), join(examples, 'java', file)] }
}

export const shellProgram = (file: string): Program => ({
  name: file,
  command: 'sh',
  parameters: [join(examples, 'curl', file)],
})

export interface Run {
  status: number | null
  out: string
  errors: string
}

/** Runs a program until it ends, or until `enough` returns true for its stdout. */
export function runProgram(
  program: Program,
  words: string[],
  environment: Record<string, string>,
  enough?: (out: string) => boolean,
): Promise<Run> {
  const env = { ...process.env, ...program.environment, ...environment }
  const options = { env, maxBuffer: 64 * 1024 * 1024, timeout: 120_000 }
  return new Promise((resolve) => {
    const child = execFile(program.command, [...program.parameters, ...words], options, (error, out, errors) =>
      resolve({ status: error ? (typeof error.code === 'number' ? error.code : null) : 0, out, errors }),
    )
    let seen = ''
    child.stdout?.on('data', (chunk) => {
      seen += chunk
      if (enough?.(seen)) child.kill('SIGTERM')
    })
  })
}
