import { existsSync, readdirSync, readFileSync } from 'node:fs'

const ticksPerSecond = 100

/** CPU time of a process, user and system, s. Returns 0 if the process has ended. Linux only. */
export const cpuSeconds = (pid: number): number => statSeconds(`/proc/${pid}/stat`)

function statSeconds(file: string): number {
  const fields = read(file).split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond
}

/** Begins to count CPU of processes. The returned function says how many CPU s each has used since, per million points. */
export function countCpu(pids: Record<string, number>): (points: number) => Record<string, number> {
  const before = mapValues(pids, cpuSeconds)
  return (points) =>
    mapValues(pids, (pid, name) => thousandth((cpuSeconds(pid) - (before[name] ?? 0)) / (points / 1e6)))
}

/**
 * Begins to count CPU of the threads of processes. The returned function says how many CPU s the busiest thread of each
 * process has used since, per million points. A service is JavaScript on one thread, so its busiest thread limits it.
 */
export function countBusiestThreads(pids: Record<string, number>): (points: number) => Record<string, number> {
  const before = new Map(Object.entries(pids).map(([name, pid]) => [name, threadSeconds(pid)]))
  return (points) =>
    mapValues(pids, (pid, name) => {
      const used = [...threadSeconds(pid)].map(([thread, s]) => s - (before.get(name)?.get(thread) ?? 0))
      return thousandth(Math.max(0, ...used) / (points / 1e6))
    })
}

/** CPU time by thread, user and system, s. Without threads that have ended. Linux only. */
function threadSeconds(pid: number): Map<string, number> {
  const directory = `/proc/${pid}/task`
  const threads = existsSync(directory) ? readdirSync(directory) : []
  return new Map(threads.map((thread) => [thread, statSeconds(`${directory}/${thread}/stat`)]))
}

/** Returns the sum of what countCpu counted. */
export const sumOf = (cpu: Record<string, number>): number =>
  thousandth(Object.values(cpu).reduce((sum, value) => sum + value, 0))

/** Memory of a process, MiB. Memory that processes share is divided among them (proportional set size). */
export function residentMiB(pid: number): number {
  const kib = /^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1]
  return Number(kib ?? 0) / 1024
}

/** Memory of processes, whole MiB, as residentMiB counts it. */
export const residentMiBOf = (pids: Record<string, number>): Record<string, number> =>
  mapValues(pids, (pid) => Math.round(residentMiB(pid)))

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

/** Changes each value of a record. */
export const mapValues = (
  record: Record<string, number>,
  change: (value: number, name: string) => number,
): Record<string, number> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]))

const thousandth = (value: number): number => Math.round(value * 1000) / 1000

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
