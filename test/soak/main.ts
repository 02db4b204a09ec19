// `npm run soak [-- --minutes 60]` runs all simulated sources with revisions, spikes, failures and new files. At the
// end nothing may be lost or refused, and memory must not have grown. `--json` prints one line. The exit code is 1 if a
// condition is violated.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { datasetsByName } from '#core/datasets.ts'
import { prepareStack } from '../integrity/running-stack.ts'
import { simulatorClient } from '../integrity/simulator-client.ts'
import { schedulesSetting } from '../support/other-datasets.ts'
import { whatIsLost } from './lost.ts'
import { watchMemory } from './memory.ts'
import { type Written, writeVotes } from './votes.ts'

const { values: options } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, json: { type: 'boolean' } },
})
const minutes = Number(options.minutes)
if (!(minutes >= 3)) {
  process.stderr.write('--minutes takes a number from 3 on: memory is compared by quarters\n')
  process.exit(2)
}

const tell = (line: string): void => void process.stderr.write(`${line}\n`)
const minuteMs = 60_000
const pagedHours = [...datasetsByName].filter(([, { dataset }]) => dataset.asking?.pages).map(([name]) => name)
const askedDaily = [...datasetsByName].flatMap(([name, { dataset }]) => {
  return dataset.calendar.kind === 'days' && !dataset.asking?.pages ? [name] : []
})

const stack = await prepareStack('simulated', {
  DATASET_SCHEDULES: schedulesSetting(askedDaily, 'auto'),
  BACKFILL_DAYS: '2',
  JAO_AUCTIONS_API_KEY: 'soak',
  KRAKEN_SYMBOLS: '*',
  BINANCE_SYMBOLS: '*',
  LOG_LEVEL: 'warn',
})
let failed = false
const interrupted = async (): Promise<void> => {
  await stack.remove()
  process.exit(130)
}
process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
try {
  await stack.up()
  const { query } = await stack.connect()
  const simulator = simulatorClient(stack.file().endpoints.simulator ?? '')
  const memory = watchMemory(() => stack.file())
  const written: Written = { ids: new Set(), files: 0 }
  const endMs = Date.now() + minutes * minuteMs
  const yesterday = new Date(Date.now() - 24 * 60 * minuteMs).toISOString().slice(0, 10)
  tell(`${datasetsByName.size} datasets for ${minutes} minutes, data in ${stack.dataDir}`)
  for (let minute = 0; Date.now() < endMs; minute++) {
    const nextMs = Date.now() + minuteMs
    await simulator.command({ revise: { day: yesterday } })
    if (minute % 10 === 5) await simulator.command({ fault: '500', count: 3 })
    const file = writeVotes(stack.dataDir, written)
    const ingest = await stack.run('ingest', 'votes', file, '--json')
    if (ingest.code !== 0) throw new Error(`ingest ended with ${ingest.code}: ${ingest.stderr}`)
    if (minute % 15 === 1) {
      for (const name of pagedHours.slice(0, 1)) {
        const paged = await stack.run('backfill', name, '--from', yesterday, '--to', yesterday, '--json')
        tell(`${name} of ${yesterday}: ${paged.code === 0 ? 'fetched' : paged.stderr.trim()}`)
      }
    }
    tell(`minute ${minute + 1} of ${minutes}: ${JSON.stringify(memory.now())} MiB`)
    await sleep(Math.max(0, Math.min(nextMs, endMs) - Date.now()))
  }
  const lost = await whatIsLost({ stack, query, simulator, written, day: yesterday, tell })
  const held = memory.stop()
  const figures = { soak_minutes: minutes, datasets: datasetsByName.size, ...lost.counts, memory_mib: held.parts }
  const wrong = [...lost.wrong, ...held.wrong]
  failed = wrong.length > 0
  process.stdout.write(`${JSON.stringify(figures, null, options.json ? undefined : 2)}\n`)
  for (const sentence of wrong) tell(`does not hold: ${sentence}`)
  if (!failed) tell('nothing lost, nothing refused, memory flat')
} finally {
  await stack.remove()
}
process.exit(failed ? 1 : 0)
