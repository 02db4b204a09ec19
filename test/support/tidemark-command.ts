import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assertFree } from '#local/free-ports.ts'
import { otherDatasets } from './other-datasets.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))

export interface Finished {
  code: number | null
  stdout: string
  stderr: string
}

export interface Started {
  child: ChildProcess
  /** What it has printed so far. */
  printed: () => { stdout: string; stderr: string }
  finished: Promise<Finished>
}

/**
 * Starts `tidemark <args>` as a user would, with this environment, and only our main dataset on unless the environment
 * says otherwise; of the release in another directory, too.
 */
export function startTidemark(args: string[], environment: NodeJS.ProcessEnv, release = project): Started {
  return start(join(release, 'bin/tidemark.mjs'), args, environment)
}

/** The same without the program before it that finds Node 26: killing this kills the command itself. */
export const startCommand = (args: string[], environment: NodeJS.ProcessEnv, release = project): Started =>
  start(join(release, 'cli/main.ts'), args, environment)

function start(program: string, args: string[], environment: NodeJS.ProcessEnv): Started {
  const env = { DATASETS_OFF: [...otherDatasets].join(','), ...environment }
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (text: Buffer) => {
    stdout += text
  })
  child.stderr.on('data', (text: Buffer) => {
    stderr += text
  })
  const finished = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }))
  return { child, printed: () => ({ stdout, stderr }), finished }
}

/** Runs `tidemark <args>` to its end. */
export const tidemark = (args: string[], environment: NodeJS.ProcessEnv, release?: string): Promise<Finished> =>
  startTidemark(args, environment, release).finished

/** A --port-base whose twenty ports are all free just now. */
export async function freePortBase(): Promise<number> {
  for (;;) {
    const base = 20_000 + Math.floor(Math.random() * 12_000)
    const ports = Object.fromEntries(Array.from({ length: 20 }, (_, offset) => [`${offset}`, base + offset]))
    const free = await assertFree(ports).then(
      () => true,
      () => false,
    )
    if (free) return base
  }
}
