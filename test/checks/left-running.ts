import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { killAndWait } from '#local/process-table.ts'
import { pause } from '#platform/process/retry.ts'

/** Environment variable with the name of a run. Every process of the run inherits it. */
export const runVariable = 'TIDEMARK_CHECK_RUN'

export interface LeftProcess {
  pid: number
  command: string
}

/** Kills and returns the processes of a run that are left after `graceMs`, which a worker's children need to end. */
export async function endLeftProcesses(run: string, graceMs: number): Promise<LeftProcess[]> {
  for (const endMs = Date.now() + graceMs; Date.now() < endMs && leftProcesses(run).length > 0; ) await pause(200)
  const ended: LeftProcess[] = []
  // A supervisor may restart a part meanwhile, so the search is repeated until it finds nothing.
  for (let left = leftProcesses(run); left.length > 0; left = leftProcesses(run)) {
    for (const process of left) if (await killAndWait(process.pid)) ended.push(process)
  }
  return ended
}

function leftProcesses(run: string): LeftProcess[] {
  const mark = `${runVariable}=${run}`
  const found = process.platform === 'linux' ? fromProc(mark) : fromPs(mark)
  return found.filter(({ pid }) => pid !== process.pid)
}

function fromProc(mark: string): LeftProcess[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name)
    if (!Number.isInteger(pid)) return []
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(mark)) return []
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 200)
      return command === '' ? [] : [{ pid, command }]
    } catch {
      return []
    }
  })
}

/** Lists processes on macOS, where `ps -E` appends the environment of the user's own processes. */
function fromPs(mark: string): LeftProcess[] {
  const { stdout } = spawnSync('ps', ['-axww', '-E', '-o', 'pid=,command='], { encoding: 'utf8' })
  return (stdout ?? '')
    .split('\n')
    .filter((line) => line.split(' ').includes(mark))
    .map((line) => {
      const [, pid = '0', command = ''] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? []
      return { pid: Number(pid), command: command.slice(0, 200) }
    })
}
