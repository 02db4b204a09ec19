import type { CoresFigures, CoresRun } from './cores.ts'
import { percentMore } from './growth-words.ts'
import { markdownTable } from './markdown-table.ts'

const cores = 8

/** The services of which more are started for more points. Each is JavaScript on one thread. */
const services = ['normalizer', 'sink'] as const
type Service = (typeof services)[number]

/** What `cores` cores would carry, by CPU. */
export interface Carried {
  points_per_s: number
  /** By service: points/s that the thread of one process carries, and the number of processes that carry the sum. */
  threads: Record<Service, { points_per_s: number; processes: number }>
  /** The service of which one process carries less. */
  limit: Service
}

/** Returns what 8 cores carry if the CPU of all processes, merges included, divides evenly among them. */
export function carriedBy8Cores(run: CoresRun): Carried {
  const total = (cores * 1e6) / withMerges(run)
  const threadOf = (service: Service) => {
    const carries = 1e6 / sumOver(run.busiest_thread_by_process, service)
    return { points_per_s: carries, processes: Math.ceil(total / carries) }
  }
  const threads = { normalizer: threadOf('normalizer'), sink: threadOf('sink') }
  const limit = threads.normalizer.points_per_s <= threads.sink.points_per_s ? 'normalizer' : 'sink'
  return { points_per_s: total, threads, limit }
}

/** Returns a table with a column for one of each and one for two of each, in Markdown. */
export function coresTable({ one_of_each: one, two_of_each: two }: CoresFigures): string {
  const runs = [one, two]
  const row = (name: string, cell: (run: CoresRun) => string) => [name, ...runs.map(cell)]
  const roles = Object.keys(one.cpu_by_process)
  const cpu = (seconds: number) => seconds.toFixed(2)
  return markdownTable([
    row('', ({ each, partitions }) =>
      [count(each, 'normalizer'), count(each, 'sink'), count(partitions, 'partition')].join(', '),
    ),
    row('a million points, all processes, CPU s', (run) => cpu(run.cpu_s_per_million_points)),
    ...roles.map((role) => row(`of it ${role}`, (run) => cpuWords(run.cpu_by_process, role))),
    row('their merges afterwards, CPU s', (run) => cpu(run.merges_cpu_s_per_million_points)),
    ...services.map((role) =>
      row(`busiest thread of the ${role}, CPU s`, (run) => cpuWords(run.busiest_thread_by_process, role)),
    ),
    row('rows an insert', (run) => whole(run.rows_per_insert)),
    row('points/s on this machine', (run) => whole(run.points_per_s)),
    row(`points/s that ${cores} cores carry, by CPU`, (run) => rounded(carriedBy8Cores(run).points_per_s)),
    ...services.map((role) =>
      row(`points/s that the thread of one ${role} carries`, (run) =>
        rounded(carriedBy8Cores(run).threads[role].points_per_s),
      ),
    ),
  ])
}

/** Says what 8 cores would carry, and which process would limit them. */
export function coresSentence({ one_of_each: one, two_of_each: two }: CoresFigures): string {
  const { points_per_s, threads, limit } = carriedBy8Cores(two)
  const { normalizer, sink } = threads
  const partitions = Math.max(normalizer.processes, sink.processes)
  return (
    `With ${two.each} of each on ${two.partitions} partitions, a million points take ` +
    `${percentMore(withMerges(two) / withMerges(one))} CPU, their merges included. By CPU, ${cores} cores carry ` +
    `${rounded(points_per_s)} points/s. The ${limit} limits first: one carries at most ` +
    `${rounded(threads[limit].points_per_s)} points/s. So ${cores} cores need ${count(normalizer.processes, 'normalizer')} ` +
    `and ${count(sink.processes, 'sink')}, on at least ${count(partitions, 'partition')}.`
  )
}

const withMerges = (run: CoresRun): number => run.cpu_s_per_million_points + run.merges_cpu_s_per_million_points

/** The figures of a service's processes: `sink`, or `sink 1` and `sink 2`. */
const figuresOf = (byProcess: Record<string, number>, service: string): number[] =>
  Object.entries(byProcess).flatMap(([name, s]) => (name.replace(/ \d+$/, '') === service ? [s] : []))

const sumOver = (byProcess: Record<string, number>, service: string): number =>
  figuresOf(byProcess, service).reduce((sum, s) => sum + s, 0)

function cpuWords(byProcess: Record<string, number>, service: string): string {
  const each = figuresOf(byProcess, service).map((s) => s.toFixed(2))
  return each.length > 1 ? `${sumOver(byProcess, service).toFixed(2)} (${each.join(' + ')})` : (each[0] ?? '')
}

const whole = (value: number): string => Math.round(value).toLocaleString('en')
/** Two digits: more are not known of what is computed. */
const rounded = (value: number): string => Number(value.toPrecision(2)).toLocaleString('en')
const count = (of: number, word: string): string => `${of} ${word}${of === 1 ? '' : 's'}`
