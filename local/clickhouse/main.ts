import { mkdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { MAX_QUERIES, MAX_READER_QUERIES, MAX_WAITING, readConfig } from './config.ts'
import { loadCredentials } from './credentials.ts'
import { openEngine } from './engine.ts'
import { writeEngineConfig } from './engine-config.ts'
import { makePipes } from './pipes.ts'
import { createQueue } from './queue.ts'
import { RunningStatements } from './running.ts'
import { createEndpoint } from './server.ts'
import { Sessions } from './sessions.ts'

/** Time that killed statements get to end, ms. Parents wait 5 s for this process. */
const DRAIN_MS = 3_000

async function main(): Promise<void> {
  const config = readConfig(process.env)
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const credentials = loadCredentials(config.credentialsFile)
  process.chdir(config.dataDir)
  const engine = openEngine(config.dataDir, writeEngineConfig(config.dataDir))
  const statements = new RunningStatements(engine)
  const server = createEndpoint({
    engine,
    statements,
    credentials,
    pipes: makePipes(MAX_QUERIES),
    queue: createQueue(MAX_QUERIES, MAX_READER_QUERIES, MAX_WAITING, 60_000),
    sessions: new Sessions(engine),
    readerLimitMs: config.readerLimitMs,
    stallMs: config.stallMs,
  })
  server.on('error', (error) => fail(whyNotListening(error, config.port)))
  server.listen(config.port, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    console.log(`clickhouse endpoint listens on http://127.0.0.1:${port}`)
  })

  let stopping = false
  function stop(): void {
    if (stopping) return
    stopping = true
    server.close()
    statements.stop()
    // A client that neither reads nor sends would block its statement.
    server.closeAllConnections()
    const deadline = Date.now() + DRAIN_MS
    setInterval(() => {
      const isIdle = statements.all.length === 0 && engine.calls.running === 0
      // process.exit() may crash or wait forever: the library ends threads that still work. All acknowledged rows are on disk.
      if (isIdle || Date.now() > deadline) process.kill(process.pid, 'SIGKILL')
    }, 10)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  // The parent holds the other end of our standard input, so the input ends with the parent.
  process.stdin.on('end', stop).on('error', stop).resume()
}

function whyNotListening(error: NodeJS.ErrnoException, port: number): string {
  if (error.code !== 'EADDRINUSE') return `cannot listen on port ${port}: ${error.message}`
  return `port ${port} is in use by another process; stop it or choose another port`
}

function fail(sentence: string): never {
  console.error(sentence)
  process.exit(1)
}

main().catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)))
