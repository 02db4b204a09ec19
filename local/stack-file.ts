import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { readIfThere } from '#platform/process/read-if-there.ts'
import type { BackupPlan } from './backup-schedule.ts'
import type { SourceKind } from './data-directory.ts'
import { replaceFile } from './replace-file.ts'

export interface StackFile {
  version: string
  /** Process id of the supervisor, which `down` stops. */
  pid: number
  startedAt: string
  /** `starting` until every part has been ready once. */
  state: 'starting' | 'ready'
  dataDir: string
  source: SourceKind
  portBase: number
  endpoints: Endpoints
  parts: Record<string, PartState>
  /** The schedule of backups, if there is one. */
  backups?: BackupPlan
}

export interface Endpoints {
  kafka: string
  registry: string
  clickhouse: { url: string; user: string; passwordFile?: string }
  simulator?: string
  /** URL of the API, without a slash at its end. */
  api: string
  /** URL of the console, without a slash at its end. */
  console: string
  health: Record<string, string>
}

export interface PartState {
  state: 'running' | 'restarting'
  pid: number
  restarts: number
}

const path = (dataDir: string): string => join(dataDir, 'stack.json')

export function writeStackFile(stack: StackFile): void {
  replaceFile(path(stack.dataDir), `${JSON.stringify(stack, null, 2)}\n`)
}

/**
 * Returns what the stack wrote last; undefined if there is no file. The stack may have ended since.
 * @throws UserError if the file is unreadable
 */
export function readStackFile(dataDir: string): StackFile | undefined {
  const text = readIfThere(path(dataDir))
  return text === undefined ? undefined : (JSON.parse(text) as StackFile)
}

export const removeStackFile = (dataDir: string): void => rmSync(path(dataDir), { force: true })
