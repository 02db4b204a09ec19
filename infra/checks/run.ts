// `npm test`: format, lint, types, dead code, generated files, explode's output, then every test. `--faults` runs the long fault tests,
// `--clients` installs and runs clients of other people.
// Ends with one plain line: N passed, N failed.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Check {
  name: string
  command: string
  parameters: string[]
}

const checks: Check[] = [
  { name: 'format, lint, import walls', command: 'biome', parameters: ['check', '--error-on-warnings', '.'] },
  { name: 'types', command: 'tsc', parameters: ['-p', '.'] },
  { name: 'dead code', command: 'knip', parameters: [] },
  { name: 'generated files', command: process.execPath, parameters: ['schemas/generate.ts', '--check'] },
  { name: 'catalogue as declared', command: process.execPath, parameters: ['catalogue/generate.ts', '--check'] },
  {
    name: 'settings for Docker',
    command: process.execPath,
    parameters: ['infra/docker/generate-settings.ts', '--check'],
  },
  { name: 'explode as promised', command: process.execPath, parameters: ['test/explode/generate.ts', '--check'] },
]

const faults = process.argv.includes('--faults')
const clients = process.argv.includes('--clients')
let passed = 0
let failed = 0

for (const check of faults || clients ? [] : checks) {
  const startedMs = performance.now()
  const { status } = spawnSync(check.command, check.parameters, { stdio: 'inherit' })
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  process.stdout.write(`${status === 0 ? 'ok    ' : 'FAILED'} ${check.name} (${seconds} s)\n`)
  if (status === 0) passed++
  else failed++
}

const tests = runTests()
process.stdout.write(`\n${passed + tests.passed} passed, ${failed + tests.failed} failed\n`)
process.exit(failed + tests.failed === 0 ? 0 : 1)

function runTests(): { passed: number; failed: number } {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-checks-'))
  const report = join(directory, 'vitest.json')
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    // A zone with changeovers: whatever takes local time for UTC shows.
    const part = { ...(faults ? { TIDEMARK_FAULTS: '1' } : {}), ...(clients ? { TIDEMARK_CLIENTS: '1' } : {}) }
    const env = { ...process.env, TZ: 'Europe/Brussels', ...part }
    const files = faults ? ['test/integrity'] : []
    const { status } = spawnSync('vitest', ['run', ...reporters, ...files], { stdio: 'inherit', env })
    if (clients && existsSync(report)) sayWhatDidNotRun(report)
    return countTests(report, status)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** A client is passed over where it cannot be installed: its tool is not on this machine, or a registry out of reach. */
function sayWhatDidNotRun(report: string): void {
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as { testResults: { assertionResults: Outcome[] }[] }
  for (const { title, status } of testResults.flatMap(({ assertionResults }) => assertionResults)) {
    if (status === 'passed' || status === 'failed') continue
    process.stdout.write(`not run: ${title} (the line NOT TESTED above says why)\n`)
  }
}

interface Outcome {
  title: string
  status: string
}

/** A run that wrote no report, ran no test, or failed outside of any test (a file that does not load) has failed. */
function countTests(report: string, status: number | null): { passed: number; failed: number } {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
    const broken = numPassedTests + numFailedTests === 0 || (status !== 0 && numFailedTests === 0)
    return { passed: numPassedTests, failed: numFailedTests + (broken ? 1 : 0) }
  } catch {
    return { passed: 0, failed: 1 }
  }
}
