import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { commandLine } from './process-table.ts'

export interface PortHolder {
  pid: number
  command: string
}

/** Returns the process that listens on a port. Undefined if there is none, or if this user may not see it. */
export function holderOf(port: number): PortHolder | undefined {
  const pid = process.platform === 'linux' ? pidByProc(port) : pidByLsof(port)
  return pid === undefined ? undefined : { pid, command: commandLine(pid) ?? '' }
}

function pidByLsof(port: number): number | undefined {
  const { stdout } = spawnSync('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-t'], { encoding: 'utf8' })
  return Number(/^\d+/.exec(stdout ?? '')?.[0]) || undefined
}

const listening = '0A'

function pidByProc(port: number): number | undefined {
  const inodes = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => inodesOf(file, port)))
  if (inodes.size === 0) return undefined
  return orNothing(() => readdirSync('/proc'))
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => socketsOf(pid).some((inode) => inodes.has(inode)))
}

function inodesOf(file: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  const columns = orNothing(() => readFileSync(file, 'utf8').split('\n')).map((line) => line.trim().split(/\s+/))
  return columns.flatMap(([, local = '', , state, , , , , , inode = '']) =>
    local.endsWith(`:${hex}`) && state === listening ? [inode] : [],
  )
}

function socketsOf(pid: number): string[] {
  const names = orNothing(() => readdirSync(`/proc/${pid}/fd`))
  return names.flatMap((name) => {
    const target = orNothing(() => [readlinkSync(`/proc/${pid}/fd/${name}`)])[0]
    return /^socket:\[(\d+)\]$/.exec(target ?? '')?.[1] ?? []
  })
}

/** Returns [] if reading fails: processes end meanwhile, and processes of other users are hidden. */
function orNothing<Item>(read: () => Item[]): Item[] {
  try {
    return read()
  } catch {
    return []
  }
}
