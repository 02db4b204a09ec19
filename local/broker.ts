import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureKafka, type ReportProgress } from './artifacts.ts'
import { formatStorage } from './broker-storage.ts'
import { ensureArchive, startWithArchive } from './class-archive.ts'
import { assertFree, freePorts } from './free-ports.ts'
import { type GuardedProcess, graceAfterParentS, killLeftover, startGuarded } from './guarded-process.ts'
import { findJava } from './java.ts'
import { kafkaResponds } from './kafka-responds.ts'
import { throwFailedStart, untilReady } from './ready.ts'

export interface Broker extends GuardedProcess {
  brokers: string
}

export interface BrokerOptions {
  dataDir: string
  port: number
  controllerPort: number
  logFile?: string
  tell?: ReportProgress
  environment?: NodeJS.ProcessEnv
}

/**
 * Starts Kafka as one KRaft node (broker and controller) on loopback and waits until it answers. Kafka ends with this
 * process, even after a SIGKILL.
 * @throws UserError if Java, Maven or the network is missing, or the broker does not start
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const environment = options.environment ?? process.env
  const tell = options.tell ?? (() => undefined)
  const java = findJava(environment)
  const jars = await ensureKafka(tell, environment)
  const classPath = kafkaClassPath(jars)
  const common = { environment, java: java.command, classPath }
  const archive = await ensureArchive('kafka', java, classPath, environment, tell, async (flags, dataDir) => {
    const [port = 0, controllerPort = 0] = await freePorts(2)
    const rehearsal = await run({ ...common, dataDir, port, controllerPort, flags })
    await rehearsal.stop(60_000)
  })
  return startWithArchive(archive, tell, (flags) => run({ ...options, ...common, flags }))
}

/** Returns the class path in a fixed order, because a class-data archive is valid only for one class path. */
export const kafkaClassPath = (jars: string): string =>
  readdirSync(jars)
    .filter((name) => name.endsWith('.jar'))
    .sort()
    .map((name) => join(jars, name))
    .join(':')

interface Run extends BrokerOptions {
  environment: NodeJS.ProcessEnv
  java: string
  classPath: string
  flags: string[]
}

async function run(options: Run): Promise<Broker> {
  const { dataDir, port } = options
  mkdirSync(dataDir, { recursive: true })
  const pidFile = join(dataDir, 'broker.pid')
  const logFile = options.logFile ?? join(dataDir, 'broker.log')
  const config = join(dataDir, 'server.properties')
  await killLeftover(pidFile, config, 0)
  await assertFree({ 'Kafka broker': port, 'Kafka controller': options.controllerPort })
  writeFileSync(config, brokerConfig(dataDir, port, options.controllerPort))
  const formatFlags = options.flags.filter((flag) => !flag.startsWith('-XX:ArchiveClassesAtExit'))
  await formatStorage(messagesDirectory(dataDir), config, {
    ...options,
    args: [...formatFlags, '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...logFlags(), '-cp', options.classPath],
  })

  const broker = await startGuarded({
    command: options.java,
    args: [...options.flags, ...jvmFlags, '-cp', options.classPath, 'kafka.Kafka', config],
    cwd: dataDir,
    environment: options.environment,
    logFile,
    pidFile,
    mark: config,
    graceAfterParentS,
  }).catch(() => throwFailedStart('The Kafka broker', logFile))
  if (!(await untilReady(() => kafkaResponds('127.0.0.1', port), broker.exited, 60_000))) {
    await broker.kill()
    throwFailedStart('The Kafka broker', logFile)
  }
  return { ...broker, brokers: `127.0.0.1:${port}` }
}

// Only Java's first compiler, C1. It takes a quarter less CPU per message in the first minute than the second compiler
// (C2), the same afterwards, and 35 MiB less memory. Throughput is the same (kafkajs, 250 B and 30 KB, 2 cores).
const jvmFlags = [
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xss512k',
  '-Djava.awt.headless=true',
  ...logFlags(),
]

function logFlags(): string[] {
  const simple = 'org.slf4j.simpleLogger'
  return [
    `-D${simple}.defaultLogLevel=warn`,
    `-D${simple}.showDateTime=true`,
    `-D${simple}.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX`,
  ]
}

export const messagesDirectory = (dataDir: string): string => join(dataDir, 'messages')

/** Returns Kafka's settings for one node. Sessions of a killed broker expire fast, so that it can start again. */
export function brokerConfig(dataDir: string, port: number, controllerPort: number): string {
  const settings: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    // A fixed quorum, so that the same data can start on other ports.
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': messagesDirectory(dataDir),
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    // A year. With Kafka's default of a week, a stack that was down for longer would read everything again.
    'offsets.retention.minutes': 525_600,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    'log.retention.ms': -1,
    'log.retention.bytes': -1,
    'auto.create.topics.enable': false,
    'group.initial.rebalance.delay.ms': 0,
    'message.max.bytes': 8 * 1024 * 1024,
    'replica.fetch.max.bytes': 8 * 1024 * 1024,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'background.threads': 2,
    'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
    'broker.session.timeout.ms': 2000,
    'broker.heartbeat.interval.ms': 500,
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${escapeProperty(String(value))}`)
  return `${lines.join('\n')}\n`
}

/** Escapes a text for a Java property file, which is Latin-1 with backslash escapes. */
const escapeProperty = (text: string): string =>
  text.replace(/[\\]|[^ -~]/g, (unit) =>
    unit === '\\' ? '\\\\' : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
