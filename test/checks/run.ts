// `npm test`: format, lint, types, dead code, generated files, explode's output, then all tests. `npm run faults`: the
// long fault tests. `npm run clients`: third-party clients. `npm run browser`: the console in all zones, themes and states.
// Each ends with the line: N passed, N failed.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { endLeftProcesses, runVariable } from './left-running.ts'

interface Check {
  name: string
  command: string
  parameters: string[]
}

const checks: Check[] = [
  { name: 'format and lint', command: 'biome', parameters: ['check', '--error-on-warnings', '.'] },
  { name: 'types', command: 'tsc', parameters: ['-p', '.'] },
  { name: 'types of the console', command: 'tsc', parameters: ['-p', 'console'] },
  { name: 'dead code', command: 'knip', parameters: [] },
  { name: 'generated files', command: process.execPath, parameters: ['schemas/generate.ts', '--check'] },
  { name: 'catalogue as declared', command: process.execPath, parameters: ['catalogue/generate.ts', '--check'] },
  {
    name: 'settings for Docker',
    command: process.execPath,
    parameters: ['infra/docker/generate-settings.ts', '--check'],
  },
  { name: 'dashboards', command: process.execPath, parameters: ['infra/grafana/generate.ts', '--check'] },
  { name: 'API as documented', command: process.execPath, parameters: ['services/api/generate-openapi.ts', '--check'] },
  { name: 'figures as recorded', command: process.execPath, parameters: ['test/bench/generate-scaling.ts', '--check'] },
  { name: 'explode as promised', command: process.execPath, parameters: ['test/explode/generate.ts', '--check'] },
]

interface Count {
  passed: number
  failed: number
}

const faults = process.argv.includes('--faults')
const clients = process.argv.includes('--clients')
const browser = process.argv.includes('--browser')
// Tests write into this directory. Processes carry its name in their environment.
const directory = mkdtempSync(join(tmpdir(), 'tidemark-checks-'))
// Some tests read the directory as another user.
chmodSync(directory, 0o755)
const environment = {
  ...process.env,
  // A zone with daylight saving, so that code which takes local time for UTC fails.
  TZ: 'Europe/Brussels',
  TMPDIR: directory,
  [runVariable]: directory,
  ...(faults && { TIDEMARK_FAULTS: '1' }),
  ...(clients && { TIDEMARK_CLIENTS: '1' }),
  ...(browser && { TIDEMARK_BROWSER: '1' }),
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await endLeftProcesses(directory, 0)
    removeDirectory()
    process.exit(1)
  })
}

const count: Count = { passed: 0, failed: 0 }
for (const check of faults || clients || browser ? [] : checks) add(await runCheck(check))
add(await runTests())
add(await endLeft())
removeDirectory()
process.stdout.write(`\n${count.passed} passed, ${count.failed} failed\n`)
process.exit(count.failed === 0 ? 0 : 1)

function add({ passed, failed }: Count): void {
  count.passed += passed
  count.failed += failed
}

async function runCheck({ name, command, parameters }: Check): Promise<Count> {
  const startedMs = performance.now()
  const code = await run(command, parameters, process.env)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  process.stdout.write(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n`)
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

async function runTests(): Promise<Count> {
  const report = join(directory, 'vitest.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const code = await run(
    'vitest',
    ['run', ...reporters, ...(faults ? ['test/integrity', 'test/e2e', 'test/store'] : browser ? ['test/browser'] : [])],
    environment,
  )
  return countTests(report, code)
}

async function run(command: string, parameters: string[], env: NodeJS.ProcessEnv): Promise<number | null> {
  const child = spawn(command, parameters, { stdio: 'inherit', env })
  const [code] = await once(child, 'exit')
  return code
}

interface Report {
  numPassedTests: number
  numFailedTests: number
  testResults: {
    name: string
    startTime: number
    endTime: number
    assertionResults: { title: string; status: string }[]
  }[]
}

/** Counts tests in a report. A run without a report or tests, or with a failure outside of tests, counts as failed. */
function countTests(file: string, code: number | null): Count {
  try {
    const report: Report = JSON.parse(readFileSync(file, 'utf8'))
    const { numPassedTests, numFailedTests } = report
    printSlowest(report)
    printNotRun(report)
    const broken = numPassedTests + numFailedTests === 0 || (code !== 0 && numFailedTests === 0)
    return { passed: numPassedTests, failed: numFailedTests + (broken ? 1 : 0) }
  } catch {
    return { passed: 0, failed: 1 }
  }
}

function printSlowest({ testResults }: Report): void {
  const seconds = testResults.map(({ name, startTime, endTime }) => ({ name, s: (endTime - startTime) / 1_000 }))
  process.stdout.write('\nThe ten slowest files:\n')
  for (const { name, s } of seconds.toSorted((one, other) => other.s - one.s).slice(0, 10)) {
    process.stdout.write(`${s.toFixed(1).padStart(8)} s  ${relative(process.cwd(), name)}\n`)
  }
}

/** Removes the directory. Retries, because a process that is ending may still write into it. */
function removeDirectory(): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
}

function printNotRun({ testResults }: Report): void {
  const why =
    clients || browser ? 'the line NOT TESTED above says why' : '`npm run faults` or `npm run browser` runs it'
  for (const { title, status } of testResults.flatMap(({ assertionResults }) => assertionResults)) {
    if (status === 'passed' || status === 'failed') continue
    process.stdout.write(`not run: ${title} (${why})\n`)
  }
}

/** Kills processes that tests left running, and counts them as a failure. */
async function endLeft(): Promise<Count> {
  const left = await endLeftProcesses(directory, 20_000)
  for (const { pid, command } of left) process.stdout.write(`left running by a test, and ended: ${pid} ${command}\n`)
  process.stdout.write(`${left.length === 0 ? 'ok    ' : 'FAILED'} tests end what they start\n`)
  return left.length === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}
