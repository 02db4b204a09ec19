import { spawn } from 'node:child_process'
import { hash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { cacheDirectory } from './artifacts.ts'
import { replaceFile } from './replace-file.ts'

const metaProperties = 'meta.properties'

export interface StorageTool {
  java: string
  /** JVM flags and the class path. */
  args: string[]
  classPath: string
  environment: NodeJS.ProcessEnv
}

/**
 * Formats the directory `messages` for the broker of the settings file `config`, unless it is formatted. Kafka's tool
 * takes a second, so its result is kept in the cache, one file for each version of Kafka. Later directories get the same
 * files with ids of their own. Without a readable or writable cache, the tool runs each time.
 * @throws Error with the output of Kafka's tool
 */
export async function formatStorage(messages: string, config: string, tool: StorageTool): Promise<void> {
  if (existsSync(join(messages, metaProperties))) return
  const fit = hash('sha256', tool.classPath).slice(0, 12)
  const template = join(cacheDirectory(tool.environment), `kafka-storage-${fit}.json`)
  const files = readTemplate(template)
  if (files !== undefined) return writeStorage(messages, files)
  await runFormat(messages, config, tool)
  keepTemplate(template, messages)
}

/** The files of a formatted directory in Base64, and the SHA-256 of their JSON. */
const templateSchema = z.object({ files: z.record(z.string(), z.base64()), sha256: z.string() })
type Files = z.infer<typeof templateSchema>['files']

/** Returns undefined if there is no template, or if it is damaged or cannot be read. */
function readTemplate(path: string): Files | undefined {
  try {
    const { files, sha256 } = templateSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
    return hash('sha256', JSON.stringify(files)) === sha256 ? files : undefined
  } catch {
    return undefined
  }
}

/** Does nothing if the cache cannot be written: the template only saves time. */
function keepTemplate(path: string, messages: string): void {
  try {
    const names = readdirSync(messages, { withFileTypes: true }).flatMap((entry) =>
      entry.isFile() ? [entry.name] : [],
    )
    const files = Object.fromEntries(names.map((name) => [name, readFileSync(join(messages, name), 'base64')]))
    const sha256 = hash('sha256', JSON.stringify(files))
    // Other users of the machine may share the cache.
    replaceFile(path, JSON.stringify({ files, sha256 }), 0o644)
  } catch {
    // The next start runs Kafka's tool again.
  }
}

function writeStorage(messages: string, { [metaProperties]: meta = '', ...others }: Files): void {
  mkdirSync(messages, { recursive: true })
  for (const [name, content] of Object.entries(others)) writeFileSync(join(messages, name), content, 'base64')
  const properties = Buffer.from(meta, 'base64').toString('utf8')
  // Written last: a directory without this file counts as not formatted.
  replaceFile(
    join(messages, metaProperties),
    properties.replace(/^(cluster\.id|directory\.id)=.*$/gm, (_line, name: string) => `${name}=${newId()}`),
  )
}

/** Returns a random id as Kafka writes it: 16 bytes in URL-safe Base64. */
const newId = (): string => randomBytes(16).toString('base64url')

async function runFormat(messages: string, config: string, { java, args, environment }: StorageTool): Promise<void> {
  const tool = ['kafka.tools.StorageTool', 'format', '--ignore-formatted', `--cluster-id=${newId()}`, '-c', config]
  const child = spawn(java, [...args, ...tool], { env: environment, stdio: 'pipe' })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk))
  const code = await new Promise((resolve) => {
    child.once('error', () => resolve(null))
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`Kafka's storage in ${messages} could not be formatted: ${output.slice(-2000)}`)
}
