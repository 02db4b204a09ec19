// Ingests a vote file until its rows can be queried. Measures MB/s, and CPU and memory per process.
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileCache } from '#local/node-part.ts'
import { topicBytes } from '#local/topic-bytes.ts'
import { startPipeline } from '../support/pipeline.ts'
import { stackOf } from '../support/stack-of.ts'
import { startCommand } from '../support/tidemark-command.ts'
import { cpuSeconds, mapValues, residentMiB } from './cpu.ts'

export interface VoteFigures {
  votes_mb: number
  votes: number
  votes_mb_per_s: number
  votes_per_s: number
  votes_cpu_s_per_gb: Record<string, number>
  votes_our_memory_mib: number
  votes_memory_mib: Record<string, number>
  votes_raw_bytes_a_vote: number
  votes_batches_bytes_a_vote: number
  votes_bytes_a_vote: number
  votes_outliers_s: number
}

/** Size of the vote file, MB. */
const megabytes = Number(process.env.TIDEMARK_BENCH_VOTES_MB ?? 2_000)
const ours = ['ingest', 'normalizer', 'sink']

export async function measureVotes(tell: (line: string) => void): Promise<VoteFigures> {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-bench-votes-'))
  const pipeline = await startPipeline({ disposable: true })
  try {
    const file = join(directory, 'votes.jsonl')
    const written = writeVotes(file, megabytes * 1e6)
    tell(`${file}: ${written.votes} votes, ${(written.bytes / 1e6).toFixed(0)} MB`)
    // Uses Node's compile cache, as a stack does.
    const settings = { DATASET_SCHEDULES: '', NODE_COMPILE_CACHE: compileCache(process.env) }
    const [normalizer, sink] = await Promise.all([
      pipeline.start('normalizer', settings),
      pipeline.start('sink', settings),
    ])
    const stack = await stackOf(pipeline)
    const startedMs = performance.now()
    const environment = { ...process.env, ...pipeline.environment, ...settings }
    const ingest = startCommand(['ingest', 'votes', file, '--json', '--data', stack.dataDir], environment)
    const pids = {
      broker: pipeline.parts.broker?.pid ?? 0,
      clickhouse: pipeline.endpoint().child.pid ?? 0,
      normalizer: normalizer.pid,
      sink: sink.pid,
      ingest: ingest.child.pid ?? 0,
    }
    const watched = watchProcesses(pids)
    const { code, stdout, stderr } = await ingest.finished
    const elapsedS = (performance.now() - startedMs) / 1000
    const used = watched.stop()
    if (code !== 0) throw new Error(`ingest ended with ${code}: ${stderr}`)
    const { votes } = JSON.parse(stdout) as { votes: number }
    if (votes !== written.votes) throw new Error(`${written.votes} votes were written, ${votes} arrived`)
    tell(`all of it can be queried after ${elapsedS.toFixed(1)} s`)
    const [size] = await pipeline.query<{ bytes: number }>(
      "SELECT sum(bytes_on_disk) / sum(rows) AS bytes FROM system.parts WHERE active AND table = 'vote_versions'",
    )
    const broker = {
      parts: { kafka: { state: 'running' as const, pid: pids.broker, restarts: 0 } },
      dataDir: pipeline.parts.directory,
    }
    const bytesAVote = (topic: string) => round((topicBytes(broker, topic) ?? 0) / votes)
    const askedMs = performance.now()
    await pipeline.query('SELECT * FROM blog_analysis.outlier_weeks')
    return {
      votes_mb: Math.round(written.bytes / 1e6),
      votes,
      votes_mb_per_s: round(written.bytes / 1e6 / elapsedS),
      votes_per_s: Math.round(votes / elapsedS),
      votes_cpu_s_per_gb: mapValues(used.cpuS, (seconds) => round(seconds / (written.bytes / 1e9))),
      votes_our_memory_mib: Math.round(used.peakOurs),
      votes_memory_mib: mapValues(used.peakMiB, Math.round),
      votes_raw_bytes_a_vote: bytesAVote('votes.raw'),
      votes_batches_bytes_a_vote: bytesAVote('votes.batches'),
      votes_bytes_a_vote: round(size?.bytes ?? 0),
      votes_outliers_s: round((performance.now() - askedMs) / 1000),
    }
  } finally {
    await pipeline.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Samples processes until `stop`, which returns CPU time and maximum memory. `mostOurs`: of all `ours` together. */
function watchProcesses(pids: Record<string, number>) {
  const before = mapValues(pids, cpuSeconds)
  const cpuS: Record<string, number> = {}
  const peakMiB: Record<string, number> = {}
  let peakOurs = 0
  const look = (): void => {
    let together = 0
    for (const [name, pid] of Object.entries(pids)) {
      const mib = residentMiB(pid)
      peakMiB[name] = Math.max(peakMiB[name] ?? 0, mib)
      if (ours.includes(name)) together += mib
      // Keeps the last sample of a process that has ended.
      cpuS[name] = Math.max(cpuS[name] ?? 0, cpuSeconds(pid) - (before[name] ?? 0))
    }
    peakOurs = Math.max(peakOurs, together)
  }
  const timer = setInterval(look, 250)
  return {
    stop: () => {
      clearInterval(timer)
      look()
      return { cpuS, peakMiB, peakOurs }
    },
  }
}

const votesAtOnce = 20_000

function writeVotes(path: string, wantedBytes: number): { votes: number; bytes: number } {
  const file = openSync(path, 'w')
  let votes = 0
  let bytes = 0
  try {
    while (bytes < wantedBytes) {
      const lines: string[] = []
      for (let index = 0; index < votesAtOnce; index++) lines.push(voteLine(++votes))
      bytes += writeSync(file, lines.join(''))
    }
  } finally {
    closeSync(file)
  }
  return { votes, bytes }
}

const dayMs = 86_400_000
const dates = Array.from({ length: 3_650 }, (_, day) =>
  new Date(Date.UTC(2012, 0, 1) + day * dayMs).toISOString().slice(0, 23),
)

function voteLine(id: number): string {
  const post = (id * 7_919) % 5_000_003
  const date = dates[Math.floor(id / 8_000) % dates.length]
  const user = id % 10 === 0 ? `"UserId":"${(id * 31) % 900_001}",` : ''
  const type = id % 10 === 0 ? 5 : 2 + (id % 2)
  return `{"Id":"${200_000_000 + id}",${user}"PostId":"${post}","VoteTypeId":"${type}","CreationDate":"${date}"}\n`
}

const round = (value: number): number => Math.round(value * 100) / 100
