import { fstatSync } from 'node:fs'
import { z } from 'zod'
import { startSimulator } from './server.ts'

const settings = z.object({
  SIMULATOR_PORT: z.coerce.number().int().min(0).max(65_535),
  SIMULATOR_SEED: z.coerce.number().int().default(1),
  /** Commands, faults and the clock outlive the process in it; it goes before SIMULATOR_START and SIMULATOR_SPEED. */
  SIMULATOR_STATE_FILE: z.string().min(1).optional(),
  SIMULATOR_START: z.iso.datetime({ offset: true }).optional(),
  SIMULATOR_SPEED: z.coerce.number().min(0).max(1_000_000).default(1),
  SIMULATOR_LIMIT_PER_MINUTE: z.coerce.number().int().positive().default(100),
})

const parsed = settings.safeParse(process.env)
if (!parsed.success) {
  console.error(`simulator: these settings cannot be used:\n${z.prettifyError(parsed.error)}`)
  process.exit(2)
}
const env = parsed.data
try {
  const { url, stop } = await startSimulator({
    port: env.SIMULATOR_PORT,
    seed: env.SIMULATOR_SEED,
    stateFile: env.SIMULATOR_STATE_FILE,
    startMs: env.SIMULATOR_START === undefined ? undefined : Date.parse(env.SIMULATOR_START),
    speed: env.SIMULATOR_SPEED,
    limitPerMinute: env.SIMULATOR_LIMIT_PER_MINUTE,
  })
  console.log(`simulator: serves at ${url}`)
  const leave = () => void stop().then(() => process.exit(0))
  process.once('SIGTERM', leave).once('SIGINT', leave).once('disconnect', leave)
  // Who starts it with a pipe as stdin takes it along when it dies, by kill -9 too. A terminal or /dev/null is no parent.
  const stdin = fstatSync(0)
  if (stdin.isFIFO() || stdin.isSocket()) process.stdin.once('close', leave).resume()
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException
  const why = code === 'EADDRINUSE' ? `port ${env.SIMULATOR_PORT} is in use; give another as SIMULATOR_PORT` : message
  console.error(`simulator: cannot start: ${why}`)
  process.exit(1)
}
