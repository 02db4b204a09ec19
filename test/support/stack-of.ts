import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { tryLock } from '#local/lock.ts'
import { type StackFile, writeStackFile } from '#local/stack-file.ts'
import { version } from '#platform/process/version.ts'
import type { Pipeline } from './pipeline.ts'

/** Registers the parts of a test as a stack of this process, so that commands with `--data` find them. `api`: the address of its API. */
export async function stackOf({ directory, environment, endpoint }: Pipeline, api = ''): Promise<StackFile> {
  const dataDir = join(directory, 'stack')
  mkdirSync(dataDir)
  await tryLock(join(dataDir, 'stack.lock'))
  const stack: StackFile = {
    ...{ version, pid: process.pid, startedAt: new Date().toISOString(), state: 'ready', dataDir },
    ...{ source: 'simulated', portBase: 0, parts: {} },
    endpoints: {
      kafka: environment.KAFKA_BROKERS ?? '',
      registry: environment.SCHEMA_REGISTRY_URL ?? '',
      clickhouse: {
        url: endpoint().url,
        user: environment.CLICKHOUSE_USER ?? '',
        passwordFile: join(directory, 'clickhouse-credentials.json'),
      },
      api,
      console: api,
      health: {},
    },
  }
  writeStackFile(stack)
  return stack
}
