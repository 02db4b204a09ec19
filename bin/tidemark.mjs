#!/usr/bin/env node
// `npx tidemark`: plain JavaScript for any Node >= 20; goes on with the Node 26 that `npm run setup` installs.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const path = (below) => fileURLToPath(new URL(`../${below}`, import.meta.url))
const node = path('node_modules/.bin/node')

if (!existsSync(node)) {
  process.stderr.write('tidemark: its packages are not installed yet: run `npm run setup` first.\n')
  process.exit(1)
}

const flags = ['--disable-warning=TimeoutNegativeWarning']
// What Node makes of the TypeScript is kept: the next start is quicker and smaller.
const cache = `${process.env.TIDEMARK_CACHE || path('.cache')}/node`
const child = spawn(node, [...flags, path('cli/main.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { NODE_COMPILE_CACHE: cache, ...process.env },
})
// A terminal sends Ctrl-C to both; a signal sent to this process alone is passed on. The child decides when to end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  process.stderr.write(`tidemark: ${node} does not run (${error.message}): run \`npm run setup\` again.\n`)
  process.exit(1)
})
child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code))
