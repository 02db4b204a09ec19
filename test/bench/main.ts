// `npm run bench` measures on this machine and asserts nothing. With `-- --json` the last line is a JSON object. `--
// --only NAME` runs one phase. `-- --all` also runs the phases over years of history. `-- --record` writes the figures of
// growth, cores, rival and votes into figures.json, from which `npm run generate` makes tables of docs/scaling.md.
import { parseArgs } from 'node:util'
import { measureAlerts } from './alerts.ts'
import { measureApi } from './api.ts'
import { measureBackfill } from './backfill.ts'
import { measureCeilings } from './ceilings.ts'
import { measureConsole } from './console.ts'
import { measureCores } from './cores.ts'
import { measureFreshness } from './freshness.ts'
import { measureGrowth } from './growth.ts'
import { measureHistoryQueries } from './history-queries.ts'
import { measureMarkets } from './markets.ts'
import { measureRebuild } from './rebuild.ts'
import { isRecordable, machineWords, recordFigures } from './record.ts'
import { measureReplay } from './replay.ts'
import { measureRival } from './rival.ts'
import { measureStart } from './start.ts'
import { measureStore } from './store.ts'
import { measureTakeover } from './takeover.ts'
import { measureThroughput } from './throughput.ts'
import { measureTrust } from './trust.ts'
import { measureVotes } from './votes.ts'

type Figures = Record<string, unknown>
type Phase = (tell: (line: string) => void) => Promise<Figures>

const phases: Record<string, Phase> = {
  start: async (tell) => ({ ...(await measureStart(tell)) }),
  throughput: async (tell) => ({ ...(await measureThroughput(tell)) }),
  freshness: async (tell) => ({ ...(await measureFreshness(tell)) }),
  store: async (tell) => ({ ...(await measureStore(tell)) }),
  ceilings: async (tell) => ({ ceilings: await measureCeilings(tell) }),
}

const longPhases: Record<string, Phase> = {
  'throughput-traced': async (tell) => ({ 'throughput-traced': await measureThroughput(tell, true) }),
  growth: async (tell) => ({ growth: await measureGrowth(tell) }),
  cores: async (tell) => ({ cores: await measureCores(tell) }),
  rival: async (tell) => ({ rival: await measureRival(tell) }),
  replay: async (tell) => ({ ...(await measureReplay(tell)) }),
  backfill: async (tell) => ({ ...(await measureBackfill(tell)) }),
  queries: async (tell) => ({ queries: await measureHistoryQueries(tell) }),
  trust: async (tell) => ({ trust: await measureTrust(tell) }),
  markets: async (tell) => ({ markets: await measureMarkets(tell) }),
  rebuild: async (tell) => ({ ...(await measureRebuild(tell)) }),
  votes: async (tell) => ({ ...(await measureVotes(tell)) }),
  alerts: async (tell) => ({ alerts: await measureAlerts(tell) }),
  api: async (tell) => ({ ...(await measureApi(tell)) }),
  console: async (tell) => ({ ...(await measureConsole(tell)) }),
  takeover: async (tell) => ({ takeover: await measureTakeover(tell) }),
}
const everyPhase = { ...phases, ...longPhases }

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    only: { type: 'string' },
    all: { type: 'boolean' },
    record: { type: 'boolean' },
  },
})
const wanted = values.only === undefined ? Object.keys(values.all ? everyPhase : phases) : [values.only]
const unknown = wanted.find((name) => !(name in everyPhase))
if (unknown !== undefined) {
  process.stderr.write(`There is no phase ${unknown}: choose ${Object.keys(everyPhase).join(', ')}\n`)
  process.exit(2)
}

const figures: Figures = {}
for (const name of wanted) {
  const startedMs = performance.now()
  const machine = machineWords()
  const tell = (line: string) => process.stderr.write(`  ${line}\n`)
  process.stderr.write(`${name} ...\n`)
  const measured = (await everyPhase[name]?.(tell)) ?? {}
  // A long run that is interrupted has told what it measured.
  print(measured)
  Object.assign(figures, measured)
  if (values.record && isRecordable(name)) {
    const own = measured[name]
    recordFigures(name, typeof own === 'object' ? own : measured, machine)
  }
  process.stderr.write(`${name}: ${((performance.now() - startedMs) / 1000).toFixed(0)} s\n`)
}
if (values.json) process.stdout.write(`${JSON.stringify(figures)}\n`)
// Parts that a phase has given back for the next one still run. They end with this process.
process.exit(0)

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
