// `npm run bench`: the figures, measured now on this machine. `-- --json`: the last line is one JSON object.
// `-- --only throughput|freshness|store|start|ceilings`: one phase. Nothing here is asserted.
import { parseArgs } from 'node:util'
import { measureCeilings } from './ceilings.ts'
import { measureFreshness } from './freshness.ts'
import { measureStart } from './start.ts'
import { measureStore } from './store.ts'
import { measureThroughput } from './throughput.ts'

type Figures = Record<string, unknown>
type Phase = (tell: (line: string) => void) => Promise<Figures>

const phases: Record<string, Phase> = {
  start: async (tell) => ({ ...(await measureStart(tell)) }),
  throughput: async (tell) => ({ ...(await measureThroughput(tell)) }),
  freshness: async (tell) => ({ ...(await measureFreshness(tell)) }),
  store: async (tell) => ({ ...(await measureStore(tell)) }),
  ceilings: async (tell) => ({ ceilings: await measureCeilings(tell) }),
}

const { values } = parseArgs({ options: { json: { type: 'boolean' }, only: { type: 'string' } } })
const wanted = values.only === undefined ? Object.keys(phases) : [values.only]
const unknown = wanted.find((name) => !(name in phases))
if (unknown !== undefined) {
  process.stderr.write(`There is no phase ${unknown}: choose ${Object.keys(phases).join(', ')}\n`)
  process.exit(2)
}

const figures: Figures = {}
for (const name of wanted) {
  const startedMs = performance.now()
  const tell = (line: string) => process.stderr.write(`  ${line}\n`)
  process.stderr.write(`${name} ...\n`)
  Object.assign(figures, await phases[name]?.(tell))
  process.stderr.write(`${name}: ${((performance.now() - startedMs) / 1000).toFixed(0)} s\n`)
}
print(figures)
if (values.json) process.stdout.write(`${JSON.stringify(figures)}\n`)

function print(group: Figures, indent = ''): void {
  for (const [name, value] of Object.entries(group)) {
    if (typeof value !== 'object' || value === null) {
      process.stdout.write(`${`${indent}${name}`.padEnd(40)} ${Number(value).toLocaleString('en')}\n`)
      continue
    }
    process.stdout.write(`${indent}${name}\n`)
    print(value as Figures, `${indent}  `)
  }
}
