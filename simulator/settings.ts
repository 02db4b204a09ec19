import { z } from 'zod'

const port = z.coerce.number().int().min(0).max(65_535)
export const simulatorShape = {
  SIMULATOR_PORT: port,
  SIMULATOR_JAO_AUCTIONS_PORT: port.default(0),
  SIMULATOR_KRAKEN_PORT: port.default(0),
  SIMULATOR_BINANCE_PORT: port.default(0),
  SIMULATOR_COINBASE_PORT: port.default(0),
  SIMULATOR_SEED: z.coerce.number().int().default(1),
  /** Path of the state file. If the file exists, SIMULATOR_START and SIMULATOR_SPEED have no effect. */
  SIMULATOR_STATE_FILE: z.string().min(1).optional(),
  SIMULATOR_START: z.iso.datetime({ offset: true, error: 'an instant like 2026-04-20T10:00:00Z' }).optional(),
  SIMULATOR_SPEED: z.coerce.number().min(0).max(1_000_000).default(1),
  SIMULATOR_LIMIT_PER_MINUTE: z.coerce.number().int().positive().default(100),
  SIMULATOR_MARKETS: z.coerce.number().int().min(1).max(1_000).default(1_000),
}

export type SimulatorSettings = Readonly<z.infer<z.ZodObject<typeof simulatorShape>>>
