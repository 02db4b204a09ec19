// Measures the time from `tidemark up` (all is installed) until the first row can be queried, and memory per process.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePortBase } from '../support/tidemark-command.ts'
import { processTree, residentMiB } from './cpu.ts'

export interface Start {
  start_to_first_row_s: number
  memory_at_rest_mib: number
  memory_at_rest_mib_by_process: Record<string, number>
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const restS = 60

export async function measureStart(tell: (line: string) => void): Promise<Start> {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-bench-'))
  const base = await freePortBase()
  const startedMs = performance.now()
  const up = spawn(
    process.execPath,
    ['bin/tidemark.mjs', 'up', '--source', 'simulated', '--data', directory, '--port-base', `${base}`],
    { cwd: root, stdio: 'ignore' },
  )
  try {
    await untilFirstRow(directory, base)
    const firstRowS = (performance.now() - startedMs) / 1000
    tell(`first row after ${firstRowS.toFixed(1)} s; ${restS} s of rest`)
    await sleep(restS * 1000)
    const processes = processTree(up.pid ?? 0)
    // The shell that guards a part has the part's command line, so its memory counts as the part's.
    const memory: Record<string, number> = {}
    for (const { pid, name } of processes) memory[name] = (memory[name] ?? 0) + Math.round(residentMiB(pid))
    return {
      start_to_first_row_s: Math.round(firstRowS * 10) / 10,
      memory_at_rest_mib: Object.values(memory).reduce((sum, mib) => sum + mib, 0),
      memory_at_rest_mib_by_process: memory,
    }
  } finally {
    const exited = once(up, 'exit')
    up.kill('SIGTERM')
    await exited
    rmSync(directory, { recursive: true, force: true })
  }
}

async function untilFirstRow(directory: string, base: number): Promise<void> {
  const credentials = join(directory, 'clickhouse-credentials.json')
  for (;;) {
    await sleep(50)
    if (!existsSync(credentials)) continue
    try {
      const { reader } = JSON.parse(readFileSync(credentials, 'utf8'))
      const response = await fetch(`http://127.0.0.1:${base + 2}/?query=SELECT+count()+FROM+tidemark.latest`, {
        headers: { 'X-ClickHouse-User': reader.user, 'X-ClickHouse-Key': reader.password },
      })
      if (response.ok && Number(await response.text()) > 0) return
    } catch {
      // The stack is not up yet.
    }
  }
}
