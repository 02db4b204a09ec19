import { fstatSync } from 'node:fs'
import { readConfig } from '#platform/process/config.ts'
import { startSimulator } from './server.ts'
import { type SimulatorSettings, simulatorShape } from './settings.ts'

let env: SimulatorSettings
try {
  env = readConfig(simulatorShape)
} catch (error) {
  console.error(`simulator: ${(error as Error).message}`)
  process.exit(2)
}
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
  // If stdin is a pipe, it ends when the parent ends, even by kill -9. A terminal or /dev/null is not a parent.
  const stdin = fstatSync(0)
  if (stdin.isFIFO() || stdin.isSocket()) process.stdin.once('close', leave).resume()
} catch (error) {
  const { code, message, port: taken } = error as NodeJS.ErrnoException & { port?: number }
  const setting = Object.entries(env).find(([name, value]) => name.endsWith('PORT') && value === taken)?.[0]
  const why = code === 'EADDRINUSE' ? `port ${taken} is in use; give another as ${setting}` : message
  console.error(`simulator: cannot start: ${why}`)
  process.exit(1)
}
