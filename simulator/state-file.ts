import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { faultSchema } from './faults.ts'
import { EXCHANGES } from './markets/markets.ts'

const atHour = { hourMs: z.number() }
const withKey = { key: z.string() }

const stateSchema = z.strictObject({
  version: z.literal(1),
  seed: z.int(),
  etag: z.boolean(),
  clock: z.discriminatedUnion('mode', [
    z.strictObject({ mode: z.literal('machine') }),
    z.strictObject({ mode: z.literal('own'), simMs: z.number(), wallMs: z.number(), speed: z.number() }),
  ]),
  faults: z.array(faultSchema),
  spikes: z
    .array(
      z.strictObject({
        host: z.enum(EXCHANGES),
        market: z.string(),
        factor: z.number(),
        durationS: z.number(),
        atMs: z.number(),
      }),
    )
    .default([]),
  commands: z.array(
    z.strictObject({
      dataset: z.string().exactOptional(),
      day: z.iso.date(),
      atMs: z.number(),
      what: z.discriminatedUnion('verb', [
        z.strictObject({
          verb: z.literal('revise'),
          hourMs: z.number().exactOptional(),
          key: z.string().exactOptional(),
          value: z.number().nullable().exactOptional(),
          salt: z.int(),
        }),
        z.strictObject({ verb: z.literal('redraw') }),
        z.strictObject({ verb: z.literal('vanishHour'), ...atHour }),
        z.strictObject({ verb: z.literal('vanishKey'), ...withKey }),
        z.strictObject({ verb: z.literal('addKey'), ...withKey }),
        z.strictObject({ verb: z.literal('publishNow') }),
        z.strictObject({ verb: z.literal('delay'), minutes: z.number() }),
      ]),
    }),
  ),
})

export type State = z.infer<typeof stateSchema>

/** Reads a state. Undefined if the file is absent. @throws Error if it is unreadable, or of another version or seed */
export function loadState(path: string, seed: number): State | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`the simulator's state file ${path} cannot be read: ${(error as Error).message}`, { cause: error })
  }
  const parsed = stateSchema.safeParse(fromJson(text))
  if (!parsed.success) {
    throw new Error(
      `${path} is not a state of this simulator (remove it to begin anew): ${z.prettifyError(parsed.error)}`,
    )
  }
  if (parsed.data.seed !== seed) {
    throw new Error(
      `${path} was written with SIMULATOR_SEED=${parsed.data.seed}, not ${seed}; use that seed or another file`,
    )
  }
  return parsed.data
}

export function saveState(path: string, state: State): void {
  mkdirSync(dirname(path), { recursive: true })
  const next = `${path}.${process.pid}.next`
  writeFileSync(next, JSON.stringify(state))
  renameSync(next, path)
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
