import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { killAndWait } from '#local/process-table.ts'
import { pause } from '#platform/process/retry.ts'

/** Every process that a run of the checks starts inherits this variable with the name of the run. */
export const runVariable = 'TIDEMARK_CHECK_RUN'

/** A process that a finished run left behind. */
export interface LeftProcess {
  pid: number
  /** Its command line, shortened. */
  command: string
}

/**
 * Kills every process of the run that still runs, and returns what it killed. Processes of other runs are not touched.
 *
 * @param graceMs how long processes may take to end by themselves first: what a worker started ends some seconds after it
 */
export async function endLeftProcesses(run: string, graceMs: number): Promise<LeftProcess[]> {
  for (const endMs = Date.now() + graceMs; Date.now() < endMs && leftProcesses(run).length > 0; ) await pause(200)
  const ended: LeftProcess[] = []
  // A supervisor may start a part again while its parts are being killed: look until nothing is found.
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

/** macOS: ps -E appends the environment of one's own processes to their command lines. */
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
