import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
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
 * takes a second, so it runs once for each version of Kafka. Later directories are copies of its result with ids of
 * their own.
 * @throws Error with the output of Kafka's tool
 */
export async function formatStorage(messages: string, config: string, tool: StorageTool): Promise<void> {
  if (existsSync(join(messages, metaProperties))) return
  const cache = cacheDirectory(tool.environment)
  const fit = createHash('sha256').update(tool.classPath).digest('hex').slice(0, 12)
  const template = join(cache, `kafka-storage-${fit}`)
  if (existsSync(template)) return copyWithNewIds(template, messages)
  await runFormat(messages, config, tool)
  const copy = mkdtempSync(join(cache, 'kafka-storage-new-'))
  cpSync(messages, copy, { recursive: true })
  try {
    renameSync(copy, template)
  } catch {
    // Another process was faster.
    rmSync(copy, { recursive: true, force: true })
  }
}

function copyWithNewIds(template: string, messages: string): void {
  cpSync(template, messages, { recursive: true, filter: (path) => basename(path) !== metaProperties })
  const properties = readFileSync(join(template, metaProperties), 'utf8')
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
