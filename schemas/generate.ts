// `npm run generate`: writes generated/records.ts from the newest .avsc of every record, and generated/versions.json, the
// hash of every version. `--check` only compares. Either refuses when a version that went out is no longer what it was.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { recordNames, schemaText } from './records.ts'
import { brokenVersions, keptVersions, schemaVersions } from './versions.ts'

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

const folder = new URL('generated/', import.meta.url)
const now = keptVersions(schemaVersions())
const broken = brokenVersions(JSON.parse(written('versions.json') ?? '{}'), now)
const files = Object.entries({ 'records.ts': render(), 'versions.json': `${JSON.stringify(now, null, 2)}\n` })

if (broken.length > 0) complain(broken)
else if (process.argv.includes('--check')) {
  const differing = files.filter(([name, text]) => written(name) !== text).map(([name]) => `schemas/generated/${name}`)
  complain(differing.map((file) => `${file} does not match the .avsc files: run \`npm run generate\` and commit`))
} else {
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of files) writeFileSync(new URL(name, folder), text)
}

function written(name: string): string | undefined {
  try {
    return readFileSync(new URL(name, folder), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function complain(sentences: string[]): void {
  for (const sentence of sentences) process.stderr.write(`${sentence}\n`)
  if (sentences.length > 0) process.exitCode = 1
}

function render(): string {
  const interfaces: string[] = []
  for (const name of recordNames) renderRecord(JSON.parse(schemaText(name)), interfaces)
  const mapping = recordNames.map((name) => `  ${name}: ${name}\n`).join('')
  return [
    '// Made by `npm run generate` from schemas/*/v*.avsc. Do not edit.\n',
    `/** The record types by name. */\nexport interface Records {\n${mapping}}\n`,
    'export type RecordName = keyof Records\n',
    ...interfaces,
  ].join('\n')
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
