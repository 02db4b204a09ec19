// `npm run generate` writes the record types of the .avsc files, and versions.json with the hash of every version. With
// `--check` it only compares. Both modes fail if a published version was edited or removed.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { brokenVersions, hashesOf, recordFolders, type SchemaVersion, versionsIn } from './versions.ts'

interface AvroField {
  name: string
  type: AvroType
  default?: unknown
  doc?: string
}
type AvroType =
  | string
  | AvroType[]
  | { type: 'record'; name: string; doc?: string; fields: AvroField[] }
  | { type: 'array'; items: AvroType }
  | { type: 'map'; values: AvroType }
  | { type: 'long'; logicalType: string }

const primitives: Record<string, string> = {
  string: 'string',
  bytes: 'Buffer',
  int: 'number',
  long: 'number',
  double: 'number',
  boolean: 'boolean',
  null: 'null',
}

const project = new URL('../', import.meta.url)
const keptFile = 'schemas/generated/versions.json'
// The record of this template is never published, so versions.json does not contain it.
const template = 'cli/new-source/template'
const rooms = [...recordFolders(), template].map((room) => ({ room, versions: versionsIn(room) }))
const now = hashesOf(rooms.flatMap(({ room, versions }) => (room === template ? [] : versions)))
const broken = brokenVersions(JSON.parse(written(keptFile) ?? '{}'), now)
const files: [string, string][] = [
  ...rooms.flatMap(({ room, versions }): [string, string][] =>
    versions.length === 0 ? [] : [[`${room}/generated/records.ts`, render(room, versions)]],
  ),
  [keptFile, `${JSON.stringify(now, null, 2)}\n`],
]

if (broken.length > 0) complain(broken)
else if (process.argv.includes('--check')) {
  const differing = files.filter(([name, text]) => written(name) !== text)
  complain(differing.map(([name]) => `${name} does not match the .avsc files: run \`npm run generate\` and commit`))
} else {
  for (const [name, text] of files) {
    mkdirSync(new URL('.', new URL(name, project)), { recursive: true })
    writeFileSync(new URL(name, project), text)
  }
}

function written(name: string): string | undefined {
  try {
    return readFileSync(new URL(name, project), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function complain(sentences: string[]): void {
  for (const sentence of sentences) process.stderr.write(`${sentence}\n`)
  if (sentences.length > 0) process.exitCode = 1
}

function render(room: string, versions: SchemaVersion[]): string {
  const newest = [...Map.groupBy(versions, ({ record }) => record).values()].flatMap((all) => all.at(-1) ?? [])
  const blocks = newest.flatMap(({ path, text }) => {
    const interfaces: string[] = []
    const name = renderRecord(JSON.parse(text), interfaces)
    const schema = `{\n  name: '${name}',\n  file: '${path}',\n  text: ${JSON.stringify(text)},\n}\n`
    return [...interfaces, `export const ${constantOf(name)}: RecordSchema<${name}> = ${schema}`]
  })
  const from = room === 'schemas' ? '../record-schema.ts' : '#schemas/record-schema.ts'
  return [
    `// Made by \`npm run generate\` from ${room}/*/v*.avsc. Do not edit.\nimport type { RecordSchema } from '${from}'\n`,
    ...blocks,
  ].join('\n')
}

function constantOf(name: string): string {
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}Schema`
}

function renderRecord(schema: AvroType, interfaces: string[]): string {
  if (typeof schema === 'string' || Array.isArray(schema) || schema.type !== 'record') throw new Error('not a record')
  const place = interfaces.push('') - 1
  const fields = schema.fields.map((field) => {
    const doc = field.doc ? `  /** ${field.doc} */\n` : ''
    return `${doc}  ${field.name}: ${renderType(field.type, interfaces)}\n`
  })
  interfaces[place] =
    `${schema.doc ? `/** ${schema.doc} */\n` : ''}export interface ${schema.name} {\n${fields.join('')}}\n`
  return schema.name
}

function renderType(type: AvroType, interfaces: string[]): string {
  if (Array.isArray(type)) return type.map((part) => renderType(part, interfaces)).join(' | ')
  if (typeof type === 'string') return primitives[type] ?? fail(type)
  if (type.type === 'record') return renderRecord(type, interfaces)
  if (type.type === 'array') return `(${renderType(type.items, interfaces)})[]`
  if (type.type === 'map') return `Record<string, ${renderType(type.values, interfaces)}>`
  return primitives[type.type] ?? fail(type.type)
}

function fail(type: string): never {
  throw new Error(`schemas/generate.ts knows no TypeScript type for Avro ${type}: add it to primitives`)
}
