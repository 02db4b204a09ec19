import { z } from 'zod'
import { type Fault, faultSchema } from './faults.ts'
import { type DayOrder, dayCommand, dayVerbs } from './jao/commands.ts'
import type { Command } from './jao/publications.ts'
import type { Spike } from './markets/exchange.ts'
import { EXCHANGES } from './markets/markets.ts'
import type { Simulator } from './simulator.ts'

const verbs = {
  fault: faultSchema,
  ...dayVerbs,
  spike: z.strictObject({
    spike: z.strictObject({
      host: z.enum(EXCHANGES),
      market: z.string().max(60),
      factor: z.number().positive().max(1_000),
      durationS: z.int().positive().max(31_536_000),
    }),
  }),
  etag: z.strictObject({ etag: z.boolean() }),
  clear: z.strictObject({ clear: z.literal(true) }),
}

type Verb = keyof typeof verbs

export type Order =
  | { readonly verb: 'fault'; readonly fault: Fault }
  | { readonly verb: 'etag'; readonly on: boolean }
  | { readonly verb: 'clear' }
  | { readonly verb: 'spike'; readonly spike: Spike }
  | { readonly verb: 'day'; readonly command: Command }

export type CommandResult = { readonly order: Order; readonly error?: undefined } | { readonly error: string }

/** Parses a command of the control API at an instant of the simulator's clock. Changes nothing. */
export function readCommand(
  body: unknown,
  simulator: Pick<Simulator, 'jao' | 'exchanges'>,
  atMs: number,
): CommandResult {
  const names = Object.keys(verbs) as Verb[]
  const given = typeof body === 'object' && body !== null ? names.filter((name) => Object.hasOwn(body, name)) : []
  const [verb] = given
  if (verb === undefined || given.length > 1) {
    return { error: `a command is a JSON object with exactly one of the keys ${names.join(', ')}` }
  }
  const parsed = verbs[verb].safeParse(body)
  if (!parsed.success) return { error: `${verb}: ${z.prettifyError(parsed.error)}` }
  const { data } = parsed
  if ('fault' in data) return { order: { verb: 'fault', fault: data } }
  if ('etag' in data) return { order: { verb: 'etag', on: data.etag } }
  if ('clear' in data) return { order: { verb: 'clear' } }
  if ('spike' in data) return spike(data.spike, simulator, atMs)
  const understood = dayCommand(data satisfies DayOrder, simulator.jao, atMs)
  return understood.error === undefined ? { order: { verb: 'day', command: understood.command } } : understood
}

function spike(given: Omit<Spike, 'atMs'>, { exchanges }: Pick<Simulator, 'exchanges'>, atMs: number): CommandResult {
  const market = exchanges[given.host].find(given.market)
  if (market === undefined) return { error: `${given.host} has no market ${given.market}` }
  return { order: { verb: 'spike', spike: { ...given, market: market.name, atMs } } }
}
