// Is preloaded into a service. When the process comes to the moment that stands in the file TIDEMARK_DIE_AT, it removes
// the file and kills itself, as `kill -9` does. The file is read at each moment, so a running process can be armed.
import { subscribe } from 'node:diagnostics_channel'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MomentMessage, momentChannel } from '#platform/process/moments.ts'
import type { CrashPoint } from './crash-points.ts'

const file = process.env.TIDEMARK_DIE_AT

const lineOf = ({ moment, of }: Pick<CrashPoint, 'moment' | 'of'>): string => `${moment} of ${of}`

if (file !== undefined) {
  subscribe(momentChannel, (message) => {
    if (!existsSync(file) || readFileSync(file, 'utf8') !== lineOf(message as MomentMessage)) return
    rmSync(file)
    process.kill(process.pid, 'SIGKILL')
    // The signal may reach another thread first. This one does nothing more.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })
}

export interface Trap {
  /** What a service needs in its environment. */
  environment: Record<string, string>
  /** Lets the services that run with the environment die when they next come to a point. */
  set: (point: CrashPoint) => void
  /** Whether a service has died since `set`. */
  isSprung: () => boolean
  remove: () => void
}

/** Returns what kills a service at a moment. */
export function openTrap(): Trap {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-die-at-'))
  const path = join(directory, 'moment')
  return {
    environment: { NODE_OPTIONS: `--import=${import.meta.url}`, TIDEMARK_DIE_AT: path },
    set: (point) => writeFileSync(path, lineOf(point)),
    isSprung: () => !existsSync(path),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}
