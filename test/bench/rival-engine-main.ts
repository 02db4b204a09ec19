// The embedded ClickHouse in a process of its own, for the phase `rival`. The endpoint of a stack refuses the Kafka engine,
// and its grants do too. Here the engine has the same memory, pools and threads, but no grants and no constraints. It takes
// statements from its parent alone, and ends with it.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openEngine } from '#local/clickhouse/engine.ts'
import { writeEngineConfig } from '#local/clickhouse/engine-config.ts'
import type { Statement, StatementReply } from './rival-engine.ts'
import { rivalProfile } from './rival-tables.ts'

const dataDir = process.argv[2] ?? ''
process.chdir(dataDir)
const configFile = writeEngineConfig(dataDir)
allowKafka(join(dataDir, 'users.xml'))
const engine = openEngine(dataDir, configFile)

process.on('message', async ({ id, sql }: Statement) => {
  const connection = engine.connect()
  const reply = (result: Omit<StatementReply, 'id'>) => process.send?.({ id, ...result })
  try {
    const { bytes } = await connection.run(sql, 'JSONEachRow')
    reply({ text: bytes.toString() })
  } catch (error) {
    reply({ error: (error as Error).message })
  } finally {
    connection.close()
  }
})
// The engine may hang in an ordinary exit. Its directory is deleted.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.send?.({ id: 0 } satisfies StatementReply)

function allowKafka(usersFile: string): void {
  let users = readFileSync(usersFile, 'utf8')
  const more = Object.entries(rivalProfile).filter(([name]) => !users.includes(`<${name}>`))
  const settings = more.map(([name, value]) => `<${name}>${value}</${name}>`)
  for (const [pattern, replacement] of [
    [/<grants>.*<\/grants>/s, ''],
    [/<constraints>.*<\/constraints>/s, settings.join('\n    ')],
  ] as const) {
    if (!pattern.test(users)) throw new Error(`the engine's users have no ${pattern.source}: see rival-engine-main.ts`)
    users = users.replace(pattern, replacement)
  }
  writeFileSync(usersFile, users)
}
