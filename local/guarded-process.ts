import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { pause } from '#platform/process/retry.ts'
import { commandLine, isAlive, killAndWait } from './process-table.ts'

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** Time for which Kafka and the registry outlive a killed supervisor, s. The services leave their groups meanwhile. */
export const graceAfterParentS = 3

/** A running program that ends when this process ends, even by SIGKILL. */
export interface GuardedProcess {
  pid: number
  exited: Promise<Exit>
  /** Sends SIGTERM, and SIGKILL after the deadline (default 8 s). Resolves when the program has ended. */
  stop: (deadlineMs?: number) => Promise<void>
  kill: () => Promise<void>
}

export interface GuardedOptions {
  command: string
  args: string[]
  cwd: string
  environment: NodeJS.ProcessEnv
  logFile: string
  pidFile: string
  /** Text that only the command line of this program contains, such as its data directory. */
  mark: string
  /** Time for which the program outlives this process, s. Default 0. */
  graceAfterParentS?: number
}

// A parent killed by SIGKILL cannot stop its child, and Java cannot watch its parent. This shell can. Only the parent
// holds the other end of its standard input. When the parent ends, the shell and the program, which has the same input,
// see an end of file. $1 is the pid file, $2 the seconds to wait after that, the rest the command.
const guard = `
pid_file=$1; linger=$2; shift 2
exec 3<&0
"$@" <&3 3<&- & program=$!
echo "$program" >"$pid_file" || { kill -KILL "$program"; exit 74; }
( while read -r _; do :; done; sleep "$linger"; kill -TERM "$program"; sleep 5; kill -KILL "$program" ) <&3 2>/dev/null & watch=$!
exec 3<&-
trap : INT TERM
wait "$program"; code=$?
while kill -0 "$program" 2>/dev/null; do wait "$program"; code=$?; done
kill -KILL "$watch" 2>/dev/null
exit "$code"
`

/**
 * Starts a program in a process group, so that Ctrl-C reaches only the parent. First kills a leftover of the program.
 */
export async function startGuarded(options: GuardedOptions): Promise<GuardedProcess> {
  await killLeftover(options.pidFile, options.mark, 0)
  rotate(options.logFile)
  const log = openSync(options.logFile, 'a')
  const guardArgs = [options.pidFile, String(options.graceAfterParentS ?? 0), options.command, ...options.args]
  const shell = spawn('sh', ['-c', guard, 'tidemark-guard', ...guardArgs], {
    cwd: options.cwd,
    env: options.environment,
    stdio: ['pipe', log, log],
    detached: true,
  })
  closeSync(log)
  shell.stdin?.on('error', () => undefined)
  const exited = exitOf(shell)
  const pid = await pidOf(options.pidFile, shell, options.command)
  const gone = exited.then(async (exit) => {
    // The guard shell may have been killed while its program goes on.
    await killAndWait(pid)
    return exit
  })
  const running: GuardedProcess = {
    pid,
    exited: gone,
    stop: async (deadlineMs = 8000) => {
      signal(pid, 'SIGTERM')
      const timer = setTimeout(() => signal(pid, 'SIGKILL'), deadlineMs)
      await gone
      clearTimeout(timer)
    },
    kill: async () => {
      signal(pid, 'SIGKILL')
      await gone
    },
  }
  guarded.add(running)
  void gone.then(() => guarded.delete(running))
  return running
}

const guarded = new Set<GuardedProcess>()

export async function killAllChildren(): Promise<void> {
  await Promise.all([...guarded].map((one) => one.kill()))
}

/**
 * Ends the process that `pidFile` names, and returns true. Returns false if there is none, or if its command line lacks
 * `mark`: then the pid is of another program. If `graceMs` > 0, sends SIGTERM and waits up to `graceMs` before SIGKILL.
 */
export async function killLeftover(pidFile: string, mark: string, graceMs: number): Promise<boolean> {
  let text: string
  try {
    text = readFileSync(pidFile, 'utf8')
  } catch {
    return false
  }
  const pid = Number(text)
  const ours = Number.isInteger(pid) && pid > 1 && (await settledCommandLine(pid)).includes(mark)
  if (ours) {
    if (graceMs > 0) signal(pid, 'SIGTERM')
    for (const end = Date.now() + graceMs; isAlive(pid) && Date.now() < end; ) await pause(20)
    await killAndWait(pid)
  }
  rmSync(pidFile, { force: true })
  return ours
}

/** Waits up to 1 s for a command line, which Linux shows as empty while the shell becomes the program. */
async function settledCommandLine(pid: number): Promise<string> {
  for (const end = Date.now() + 1000; ; await pause(5)) {
    const line = commandLine(pid)
    if (line !== '' || !isAlive(pid) || Date.now() > end) return line ?? ''
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // The process has already ended.
  }
}

const exitOf = (shell: ChildProcess): Promise<Exit> =>
  new Promise((resolve) => {
    shell.once('error', () => resolve({ code: 127, signal: null }))
    shell.once('exit', (code, name) => resolve({ code, signal: name }))
  })

async function pidOf(pidFile: string, shell: ChildProcess, command: string): Promise<number> {
  for (;;) {
    const pid = readPid(pidFile)
    if (pid !== undefined) return pid
    if (shell.exitCode !== null || shell.pid === undefined) throw new Error(`${command} did not start`)
    await pause(5)
  }
}

function readPid(pidFile: string): number | undefined {
  try {
    return Number(readFileSync(pidFile, 'utf8')) || undefined
  } catch {
    return undefined
  }
}

const maxLogBytes = 16 * 1024 * 1024

export function rotate(logFile: string): void {
  if ((statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes) renameSync(logFile, `${logFile}.1`)
}
