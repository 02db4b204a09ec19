// What the image does besides running our services; docker-compose.yml has the commands.
import { z } from 'zod'
import { readConfig } from '#platform/process/config.ts'
import { forward } from './forward.ts'
import { prepare } from './prepare.ts'

const [command, port] = process.argv.slice(2)

if (command === 'prepare') {
  const { ORIGIN: origin } = readConfig({ ORIGIN: z.enum(['live', 'simulated']).default('live') })
  try {
    prepare(
      { stack: '/volumes/stack', clickHouseUsers: '/volumes/clickhouse-users', registry: '/volumes/registry' },
      origin,
    )
  } catch (error) {
    console.error(`prepare: ${(error as Error).message}`)
    process.exitCode = 1
  }
} else if (command === 'simulator' && Number(port) > 0) {
  await import('#infra/simulator/main.ts')
  await forward(Number(port), '0.0.0.0', Number(process.env.SIMULATOR_PORT))
} else {
  console.error(`The commands of this image:
  node infra/docker/main.ts prepare
  node infra/docker/main.ts simulator PORT
  node infra/provision/main.ts
  node services/poller/main.ts
  node services/normalizer/main.ts
  node services/sink/main.ts`)
  process.exitCode = 2
}
