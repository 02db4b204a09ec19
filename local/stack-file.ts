import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SourceKind } from './data-directory.ts'
import { readIfThere } from './read-if-there.ts'

/** What a running stack says of itself in <data>/stack.json; readable by its owner only. */
export interface StackFile {
  /** Of tidemark. */
  version: string
  /** The process that started everything and that `down` tells to stop. */
  pid: number
  startedAt: string
  /** starting until everything was ready for the first time. */
  state: 'starting' | 'ready'
  dataDir: string
  source: SourceKind
  portBase: number
  endpoints: Endpoints
  /** The processes started here; parts that the environment replaces are not among them. */
  parts: Record<string, PartState>
}

export interface Endpoints {
  kafka: string
  registry: string
  clickhouse: { url: string; user: string; passwordFile?: string }
  simulator?: string
  /** Health of each service: /live, /ready and /metrics below it. */
  health: Record<string, string>
}

export interface PartState {
  state: 'running' | 'restarting'
  pid: number
  /** How often it was started again. */
  restarts: number
}

const path = (dataDir: string): string => join(dataDir, 'stack.json')

/** Written aside and renamed: readers see the old or the new one whole. */
export function writeStackFile(stack: StackFile): void {
  const aside = `${path(stack.dataDir)}.${stack.pid}`
  writeFileSync(aside, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 })
  chmodSync(aside, 0o600)
  renameSync(aside, path(stack.dataDir))
}

/**
 * What the stack in this directory said last; it may be gone since: ask `runningIn`.
 * @throws UserError when it is not this user's to read
 */
export function readStackFile(dataDir: string): StackFile | undefined {
  const text = readIfThere(path(dataDir))
  return text === undefined ? undefined : (JSON.parse(text) as StackFile)
}

export const removeStackFile = (dataDir: string): void => rmSync(path(dataDir), { force: true })
