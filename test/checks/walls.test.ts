// The walls between the rooms of the house. One rule a room: which rooms it may import. One rule a package that not every
// room may use. What is read by URL counts as an import, and so does a type.
import { globSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { expect, test } from 'vitest'

const project = join(import.meta.dirname, '../..')

const below = ['schemas/', 'sources/', 'platform/', 'core/']
const services = ['poller', 'normalizer', 'sink', 'monitor', 'alerter', 'api']
const settings = [...services.map((service) => `services/${service}/settings.ts`), 'infra/provision/settings.ts']

/** The first rule whose path a file begins with counts. A room may always import itself, unless it says otherwise. */
const rooms: { of: string; imports: string[]; why: string }[] = [
  { of: 'schemas/', imports: [], why: 'the schemas import nothing' },
  { of: 'platform/', imports: ['schemas/', 'package.json'], why: 'the platform knows no domain and no source' },
  { of: 'sources/', imports: ['schemas/record-schema.ts'], why: 'a source is pure: declarations and explode' },
  { of: 'core/', imports: ['schemas/', 'sources/', 'platform/'], why: 'the domain stands on the platform' },
  { of: 'catalogue/', imports: [...below, 'docs/'], why: 'it reads declarations' },
  { of: 'operations/', imports: [...below, 'catalogue/'], why: 'it knows no command line' },
  {
    of: 'services/api/',
    imports: [...below, 'operations/', 'catalogue/', 'console/built'],
    why: 'it holds no logic of its own, and starts nothing',
  },
  ...services.map((service) => ({
    of: `services/${service}/`,
    imports: below,
    why: 'services run on any infrastructure, and talk over topics',
  })),
  {
    of: 'local/',
    imports: [...below, 'simulator/', ...settings],
    why: 'it starts services, and never runs their code',
  },
  { of: 'cli/', imports: [...below, 'catalogue/', 'operations/', 'local/'], why: 'it parses, calls and prints' },
  { of: 'console/', imports: [], why: 'the page knows the API alone, and over HTTP' },
  { of: 'simulator/', imports: ['sources/', 'platform/process/'], why: 'the simulator plays upstreams, nothing else' },
]

/** Where a package may be used; every other package may be used everywhere. */
const packages: Record<string, string[]> = {
  kafkajs: ['platform/kafka/'],
  '@kafkajs/confluent-schema-registry': ['platform/kafka/'],
  avsc: ['platform/kafka/'],
  '@clickhouse/client': ['platform/clickhouse/'],
  undici: ['services/poller/', 'platform/delivery/'],
  nodemailer: ['platform/delivery/'],
  '@opentelemetry/api': ['platform/tracing/'],
  '@opentelemetry/exporter-trace-otlp-http': ['platform/tracing/'],
  '@opentelemetry/resources': ['platform/tracing/'],
  '@opentelemetry/sdk-trace': ['platform/tracing/'],
  fastify: ['services/api/'],
  preact: ['console/'],
  '@preact/signals': ['console/'],
  uplot: ['console/series/'],
  '@fastify/cookie': ['services/api/'],
  'openid-client': ['services/api/'],
  commander: ['cli/'],
  'cli-progress': ['cli/'],
}

interface Import {
  file: string
  /** A file or directory of the project, or a package. */
  target: string
  isPackage: boolean
}

const files = globSync('*/**/*.{ts,tsx}', {
  cwd: project,
  exclude: ['node_modules', 'test', '.*', 'console/built'],
}).filter((file) => !/\.test\.ts$|\/template\//.test(file))

const specifiers = /(?:\bfrom\s+|\bimport\s+|\bimport\(\s*|\bnew URL\(\s*)'([^']+)'/g

function importsOf(file: string): Import[] {
  const text = readFileSync(join(project, file), 'utf8')
  return [...text.matchAll(specifiers)].flatMap(([statement, specifier = '']): Import[] => {
    if (/^[.#]/.test(specifier)) {
      const target = specifier.startsWith('#') ? specifier.slice(1) : posix.join(posix.dirname(file), specifier)
      // A URL of the project itself, or of what lies beside the rooms, is not a room.
      return target.replace(/\/$/, '').includes('/') || statement.startsWith('from')
        ? [{ file, target, isPackage: false }]
        : []
    }
    if (statement.startsWith('new URL')) return []
    return [{ file, target: /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier, isPackage: true }]
  })
}

const imports = files.flatMap(importsOf)

test('the rooms are there', () => {
  expect(files.length).toBeGreaterThan(300)
  for (const { of } of rooms)
    expect(
      files.some((file) => file.startsWith(of)),
      of,
    ).toBe(true)
})

test('rooms import what stands below them', () => {
  const broken = imports.flatMap(({ file, target, isPackage }) => {
    const room = rooms.find(({ of }) => file.startsWith(of))
    if (isPackage || room === undefined) return []
    const isAllowed = [room.of, ...room.imports].some((allowed) => target.startsWith(allowed))
    return isAllowed ? [] : [`${file} imports ${target}: ${room.why}`]
  })
  expect(broken).toEqual([])
})

test('packages stay in their rooms', () => {
  const broken = imports.flatMap(({ file, target, isPackage }) => {
    if (isPackage && file.startsWith('sources/') && target !== 'zod')
      return [`${file} imports ${target}: a source is pure, and imports no package but zod`]
    const allowed = packages[target]
    if (!isPackage || allowed === undefined || allowed.some((room) => file.startsWith(room))) return []
    return [`${file} imports ${target}: only ${allowed.join(', ')} may`]
  })
  expect(broken).toEqual([])
})

test('no file imports itself by way of others, types included', () => {
  const importedBy = new Map(files.map((file) => [file, [] as string[]]))
  for (const { file, target } of imports) if (importedBy.has(target)) importedBy.get(file)?.push(target)
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (file: string, path: string[]): void => {
    const start = path.indexOf(file)
    if (start >= 0) circles.push([...path.slice(start), file].join(' -> '))
    if (start >= 0 || done.has(file)) return
    for (const next of importedBy.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  expect(circles).toEqual([])
})
