import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assertFree } from '#local/free-ports.ts'
import { onlyMainDatasetSetting } from './other-datasets.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))

export interface Finished {
  code: number | null
  stdout: string
  stderr: string
}

export interface Started {
  child: ChildProcess
  printed: () => { stdout: string; stderr: string }
  finished: Promise<Finished>
}

/** Starts `tidemark` in the directory `release`, with only the main dataset on unless DATASET_SCHEDULES is set. */
export function startTidemark(args: string[], environment: NodeJS.ProcessEnv, release = project): Started {
  return start(join(release, 'bin/tidemark.mjs'), args, environment)
}

/** Starts cli/main.ts without bin/tidemark.mjs, which would start a child. A signal then hits the command itself. */
export const startCommand = (args: string[], environment: NodeJS.ProcessEnv, release = project): Started =>
  start(join(release, 'cli/main.ts'), args, environment)

function start(program: string, args: string[], environment: NodeJS.ProcessEnv): Started {
  const env = { DATASET_SCHEDULES: onlyMainDatasetSetting, ...environment }
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

export const tidemark = (args: string[], environment: NodeJS.ProcessEnv, release?: string): Promise<Finished> =>
  startTidemark(args, environment, release).finished

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
