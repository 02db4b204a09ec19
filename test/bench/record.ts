import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg, totalmem } from 'node:os'
import type { CoresFigures } from './cores.ts'
import type { GrowthFigures } from './growth.ts'
import type { RivalFigures } from './rival.ts'
import type { VoteFigures } from './votes.ts'

/** What a phase measured, when, on which machine, and by which command. */
export interface Recorded<Figures> {
  date: string
  machine: string
  command: string
  figures: Figures
}

/** The checked-in figures, from which docs/scaling.md is made. */
export interface RecordedPhases {
  growth: Recorded<GrowthFigures>
  /** Undefined until the phase is recorded. */
  cores?: Recorded<CoresFigures>
  rival: Recorded<RivalFigures>
  votes: Recorded<VoteFigures>
}

const file = new URL('figures.json', import.meta.url)
const names = ['growth', 'cores', 'rival', 'votes']

/** Returns true if docs/scaling.md shows what the phase measures. */
export const isRecordable = (phase: string): boolean => names.includes(phase)

export const readFigures = (): RecordedPhases => JSON.parse(readFileSync(file, 'utf8'))

/** Words for this machine as it is now, before a phase. */
export const machineWords = (): string =>
  `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB of memory, load ${loadavg()[0]?.toFixed(1)} before`

/** Writes what a phase measured on `machine` into figures.json. Keeps the other phases. */
export function recordFigures(phase: string, figures: unknown, machine: string): void {
  const date = new Date().toISOString().slice(0, 10)
  const recorded = { ...readFigures(), [phase]: { date, machine, command: commandOf(phase), figures } }
  writeFileSync(file, `${JSON.stringify(recorded, null, 2)}\n`)
}

/** The command, with the settings that change a phase's size. */
function commandOf(phase: string): string {
  const settings = ['TIDEMARK_BENCH_GROWTH', 'TIDEMARK_BENCH_VOTES_MB'].filter(
    (name) => process.env[name] !== undefined,
  )
  return [...settings.map((name) => `${name}=${process.env[name]}`), `npm run bench -- --only ${phase} --record`].join(
    ' ',
  )
}
