import { createHash } from 'node:crypto'
import { chmodSync, chownSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Credentials, loadCredentials } from '#local/clickhouse/credentials.ts'
import { replaceFile } from '#local/replace-file.ts'

export interface Volumes {
  /** Directory of the credentials, and of a marker that says whether the data are live or simulated. */
  stack: string
  /** Directory users.d of the ClickHouse server. */
  clickHouseUsers: string
  registry: string
}

// Ids in Unix: group `node` of the Node image, and the registry's user (group 0, docker-compose.yml).
const nodeGroup = 1000
const registryUser = 1001

/**
 * Prepares the volumes. Creates passwords on the first start and keeps them. As root, also sets the files' owners.
 * @throws Error if `origin` is live and the volumes hold simulated data, or the other way round
 */
export function prepare(volumes: Volumes, origin: 'live' | 'simulated'): void {
  rememberSource(join(volumes.stack, 'source'), origin)
  const credentials = loadCredentials(join(volumes.stack, 'clickhouse-credentials.json'))
  own(volumes.stack, 0, nodeGroup, 0o750)
  for (const { user, password } of Object.values(credentials)) {
    const file = join(volumes.stack, `${user}.password`)
    replaceFile(file, password)
    own(file, 0, nodeGroup, 0o440)
  }
  const users = join(volumes.clickHouseUsers, 'tidemark.xml')
  replaceFile(users, usersXml(credentials))
  own(users, 0, 0, 0o444)
  own(volumes.registry, registryUser, 0, 0o770)
}

function rememberSource(file: string, origin: string): void {
  const before = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
  if (before === undefined) replaceFile(file, `${origin}\n`)
  if (before === undefined || before === origin) return
  throw new Error(
    `these volumes hold ${before} data and ORIGIN is ${origin}: the two are never mixed. Simulated data has a project of its own: docker compose --env-file infra/docker/simulated.env up`,
  )
}

function own(path: string, user: number, group: number, mode: number): void {
  if (process.getuid?.() === 0) chownSync(path, user, group)
  chmodSync(path, mode)
}

/** Returns ClickHouse settings with our two users, and without the image's user `default`, which has no password. */
const usersXml = ({ writer, reader }: Credentials): string => `<clickhouse>
  <profiles><writer></writer><reader><readonly>2</readonly></reader></profiles>
  <users>
    <default remove="1"/>
${user(writer, 'writer')}
${user(reader, 'reader')}
  </users>
</clickhouse>
`

function user({ user: name, password }: Credentials['writer'], profile: 'writer' | 'reader'): string {
  const hash = createHash('sha256').update(password).digest('hex')
  return `    <${name}>
      <password_sha256_hex>${hash}</password_sha256_hex>
      <networks><ip>::/0</ip></networks>
      <profile>${profile}</profile>
      <quota>default</quota>
    </${name}>`
}
