import { readdirSync, readFileSync } from 'node:fs'

const ticksPerSecond = 100

/** CPU time of a process, user and system, s. Returns 0 if the process has ended. Linux only. */
export function cpuSeconds(pid: number): number {
  const fields = read(`/proc/${pid}/stat`).split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond
}

/** Memory of a process, MiB. Memory that processes share is divided among them (proportional set size). */
export function residentMiB(pid: number): number {
  const kib = /^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1]
  return Number(kib ?? 0) / 1024
}

export function processTree(pid: number): { pid: number; name: string }[] {
  const parents = new Map<number, number[]>()
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const parent = Number(read(`/proc/${entry}/stat`).split(') ')[1]?.split(' ')[1])
    parents.set(parent, [...(parents.get(parent) ?? []), Number(entry)])
  }
  const all = [pid]
  for (const next of all) all.push(...(parents.get(next) ?? []))
  return all.map((each) => ({ pid: each, name: nameOf(each) }))
}

function nameOf(pid: number): string {
  const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')
  const known = /(kafka\.Kafka|apicurio|clickhouse\/endpoint|simulator|services\/\w+|cli\/main|bin\/tidemark)/.exec(
    command,
  )
  return known?.[1] ?? `other (${pid})`
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
