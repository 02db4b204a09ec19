// Commands of the image beside its services: `prepare` and `simulator`. docker-compose.yml calls these commands.
import { z } from 'zod'
import { isRole, type Role, roles } from '#core/api-token.ts'
import { addressOfLink, createLink, createToken } from '#operations/tokens/tokens.ts'
import { createKafka } from '#platform/kafka/client.ts'
import { openRegistry } from '#platform/kafka/registry.ts'
import { kafkaSettings, readConfig, registrySettings } from '#platform/process/config.ts'
import { HOST_NAMES, portSetting } from '#simulator/hosts.ts'
import { forward } from './forward.ts'
import { prepare } from './prepare.ts'

const [command, ...ports] = process.argv.slice(2)

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
} else if (command === 'simulator' && ports.length > 0 && ports.every((port) => Number(port) > 0)) {
  await import('#simulator/main.ts')
  const inside = HOST_NAMES.map((name) => Number(process.env[portSetting(name)]))
  await Promise.all(ports.map((port, at) => forward(Number(port), '0.0.0.0', inside[at] ?? 0)))
} else if ((command === 'token' || command === 'open') && isRole(ports[0] ?? '')) {
  const config = readConfig({ ...kafkaSettings, ...registrySettings, API_PUBLIC_URL: z.string().optional() })
  const parts = { kafka: createKafka(config, 'tidemark-token'), registry: openRegistry(config) }
  const role = ports[0] as Role
  if (command === 'open') {
    const { text } = await createLink(parts, { role, by: 'docker' })
    // The port that docker-compose.yml publishes, unless TIDEMARK_API_PORT says another one.
    console.log(addressOfLink(config.API_PUBLIC_URL?.replace(/\/+$/, '') ?? 'http://127.0.0.1:17309', text))
  } else {
    const { text } = await createToken(parts, { role, source: null, expiresInDays: null, by: 'docker' })
    console.log(text)
  }
} else {
  console.error(`The commands of this image:
  node infra/docker/main.ts prepare
  node infra/docker/main.ts simulator PORT...   of ${HOST_NAMES.join(', ')}
  node infra/provision/main.ts
  node services/poller/main.ts
  node services/normalizer/main.ts
  node infra/docker/main.ts token ROLE          a token of the API: ${roles.join(', ')}
  node infra/docker/main.ts open ROLE           a link that logs a browser in
  node services/sink/main.ts
  node services/monitor/main.ts
  node services/alerter/main.ts
  node services/api/main.ts`)
  process.exitCode = 2
}
