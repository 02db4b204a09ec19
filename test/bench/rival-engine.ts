import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { MAX_QUERIES, SPARE_THREADS } from '#local/clickhouse/config.ts'

/** An embedded engine in a process of its own that may use the Kafka engine. */
export interface RivalEngine {
  pid: number
  query: <Row>(sql: string) => Promise<Row[]>
  /** Kills the process. */
  stop: () => Promise<void>
}

export interface Statement {
  id: number
  sql: string
}

/** The reply to a statement: rows as JSON lines, or why it failed. */
export interface StatementReply {
  id: number
  text?: string
  error?: string
}

/** Starts the engine on an empty directory. @throws Error if it ends before it is ready */
export async function startRivalEngine(dataDir: string): Promise<RivalEngine> {
  const child = fork(fileURLToPath(new URL('rival-engine-main.ts', import.meta.url)), [dataDir], {
    env: { ...process.env, TZ: 'UTC', UV_THREADPOOL_SIZE: `${MAX_QUERIES + SPARE_THREADS}` },
  })
  const exited = once(child, 'exit')
  await Promise.race([
    once(child, 'message'),
    exited.then(([code]) => Promise.reject(new Error(`the engine of the rival ended with ${code}`))),
  ])
  const waiting = new Map<number, PromiseWithResolvers<string>>()
  child.on('message', ({ id, text, error }: StatementReply) => {
    if (error === undefined) waiting.get(id)?.resolve(text ?? '')
    else waiting.get(id)?.reject(new Error(`the engine of the rival: ${error}`))
    waiting.delete(id)
  })
  void exited.then(() => {
    for (const { reject } of waiting.values()) reject(new Error('the engine of the rival ended'))
  })
  let statements = 0
  return {
    pid: child.pid ?? 0,
    query: async <Row>(sql: string) => {
      const reply = Promise.withResolvers<string>()
      const id = ++statements
      waiting.set(id, reply)
      child.send({ id, sql } satisfies Statement)
      const lines = (await reply.promise).split('\n').filter((line) => line !== '')
      return lines.map((line) => JSON.parse(line) as Row)
    },
    stop: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
