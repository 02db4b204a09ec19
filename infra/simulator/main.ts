import { fstatSync } from 'node:fs'
import { z } from 'zod'
import { startSimulator } from './server.ts'

const port = z.coerce.number().int().min(0).max(65_535)
const settings = z.object({
  /** Of JAO and of the control API. */
  SIMULATOR_PORT: port,
  SIMULATOR_JAO_AUCTIONS_PORT: port.default(0),
  SIMULATOR_KRAKEN_PORT: port.default(0),
  SIMULATOR_BINANCE_PORT: port.default(0),
  SIMULATOR_COINBASE_PORT: port.default(0),
  SIMULATOR_SEED: z.coerce.number().int().default(1),
  /** Commands, faults and the clock outlive the process in it; it goes before SIMULATOR_START and SIMULATOR_SPEED. */
  SIMULATOR_STATE_FILE: z.string().min(1).optional(),
  SIMULATOR_START: z.iso.datetime({ offset: true }).optional(),
  SIMULATOR_SPEED: z.coerce.number().min(0).max(1_000_000).default(1),
  /** JAO's. */
  SIMULATOR_LIMIT_PER_MINUTE: z.coerce.number().int().positive().default(100),
  /** Of each exchange. */
  SIMULATOR_MARKETS: z.coerce.number().int().min(1).max(1_000).default(1_000),
})

const parsed = settings.safeParse(process.env)
if (!parsed.success) {
  console.error(`simulator: these settings cannot be used:\n${z.prettifyError(parsed.error)}`)
  process.exit(2)
}
const env = parsed.data
try {
  const { urls, stop } = await startSimulator({
    port: env.SIMULATOR_PORT,
    ports: {
      'jao-auctions': env.SIMULATOR_JAO_AUCTIONS_PORT,
      kraken: env.SIMULATOR_KRAKEN_PORT,
      binance: env.SIMULATOR_BINANCE_PORT,
      coinbase: env.SIMULATOR_COINBASE_PORT,
    },
    seed: env.SIMULATOR_SEED,
    stateFile: env.SIMULATOR_STATE_FILE,
    startMs: env.SIMULATOR_START === undefined ? undefined : Date.parse(env.SIMULATOR_START),
    speed: env.SIMULATOR_SPEED,
    limitPerMinute: env.SIMULATOR_LIMIT_PER_MINUTE,
    markets: env.SIMULATOR_MARKETS,
  })
  for (const [name, url] of Object.entries(urls)) console.log(`simulator: serves ${name} at ${url}`)
  const leave = () => void stop().then(() => process.exit(0))
  process.once('SIGTERM', leave).once('SIGINT', leave).once('disconnect', leave)
  // Who starts it with a pipe as stdin takes it along when it dies, by kill -9 too. A terminal or /dev/null is no parent.
  const stdin = fstatSync(0)
  if (stdin.isFIFO() || stdin.isSocket()) process.stdin.once('close', leave).resume()
} catch (error) {
  const { code, message, port: taken } = error as NodeJS.ErrnoException & { port?: number }
  const setting = Object.entries(env).find(([name, value]) => name.endsWith('PORT') && value === taken)?.[0]
  const why = code === 'EADDRINUSE' ? `port ${taken} is in use; give another as ${setting}` : message
  console.error(`simulator: cannot start: ${why}`)
  process.exit(1)
}
