import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { pause } from '#platform/process/retry.ts'
import { commandLine, isAlive, killAndWait } from './process-table.ts'

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/**
 * How long what others need goes on after a supervisor that was killed, s: enough for the services to leave their
 * consumer groups. With a member that did not, the next start would wait for its session to expire.
 */
export const lingerS = 3

/** A program that lives no longer than this process. */
export interface GuardedProcess {
  /** The program's own process id. */
  pid: number
  exited: Promise<Exit>
  /** SIGTERM, and SIGKILL after the deadline. Settles when the program is gone. */
  stop: (deadlineMs?: number) => Promise<void>
  /** SIGKILL. */
  kill: () => Promise<void>
}

export interface GuardedOptions {
  command: string
  args: string[]
  cwd: string
  environment: NodeJS.ProcessEnv
  /** Appended to; what was there before is kept once more as <logFile>.1 when it has grown over 16 MiB. */
  logFile: string
  /** Gets the program's process id, so that a later start can end what a crash left behind. */
  pidFile: string
  /** Some text of the program's command line that no other program has: its data directory. */
  mark: string
  /** How long it goes on when this process is gone, s: what others need outlives them, so that they can end in order. */
  lingerS?: number
}

// Java cannot be told to end with its parent, and a parent that is killed with SIGKILL cannot tell it. This shell can:
// its standard input is a pipe whose other end only the parent holds, so that the parent's end, however it comes, is an
// end of file here, and in the program, which gets the same pipe. $1 is the pid file, $2 how long
// to wait then, the rest is the command.
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
 * Starts a program under the guard, in a process group of its own (a Ctrl-C on the terminal is the parent's to pass on).
 * A program that an earlier start left running with the same pid file is ended first.
 */
export async function startGuarded(options: GuardedOptions): Promise<GuardedProcess> {
  await endLeftover(options.pidFile, options.mark, 0)
  rotate(options.logFile)
  const log = openSync(options.logFile, 'a')
  const guardArgs = [options.pidFile, String(options.lingerS ?? 0), options.command, ...options.args]
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
    // The guard itself may have been killed: its program must not outlive it.
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

/** Ends all that this process has started and that still runs, at once; what is only just starting too. */
export async function killAllGuarded(): Promise<void> {
  await Promise.all([...guarded].map((one) => one.kill()))
}

/**
 * Ends the program that `pidFile` names, if it still runs and its command line holds `mark`: process ids are used again,
 * and nobody else's process may be hit. It has `graceMs` to end in order. True when there was one.
 */
export async function endLeftover(pidFile: string, mark: string, graceMs: number): Promise<boolean> {
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

/** Linux shows an empty command line while a process changes from the shell to its program: that is waited for. */
async function settledCommandLine(pid: number): Promise<string> {
  // A kernel thread has an empty command line for ever, so the wait ends.
  for (const end = Date.now() + 1000; ; await pause(5)) {
    const line = commandLine(pid)
    if (line !== '' || !isAlive(pid) || Date.now() > end) return line ?? ''
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // Gone already: what was wanted.
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

/** Keeps one older log beside the current one. */
export function rotate(logFile: string): void {
  if ((statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes) renameSync(logFile, `${logFile}.1`)
}
