import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserError } from '#platform/process/user-error.ts'
import { waitForLock } from './lock.ts'
import { checkMaven, runPom } from './maven.ts'

export type ReportProgress = (line: string) => void

interface Artifact {
  folder: string
  title: string
  pom: string
  witness: RegExp
}

/** Version of Kafka. It must equal the version in maven/kafka.pom.xml. */
export const kafkaVersion = '4.3.1'

const kafka: Artifact = {
  folder: `kafka-${kafkaVersion}`,
  title: `Kafka ${kafkaVersion} (44 MB)`,
  pom: 'kafka.pom.xml',
  witness: /^kafka_2\.13-4\.3\.1\.jar$/,
}
const apicurio: Artifact = {
  folder: 'apicurio-registry-3.0.9',
  title: 'the schema registry, Apicurio 3.0.9 (109 MB)',
  pom: 'apicurio.pom.xml',
  witness: /^apicurio-registry-app-3\.0\.9-runner\.jar$/,
}

export const cacheDirectory = (environment: NodeJS.ProcessEnv = process.env): string =>
  environment.TIDEMARK_CACHE || fileURLToPath(new URL('../.cache', import.meta.url))

/** Returns the folder of Kafka's jars. Fetches them with Maven if absent. @throws UserError if that fails */
export const ensureKafka = (tell: ReportProgress, environment = process.env) => ensure(kafka, tell, environment)

/** Returns the folder of the registry's jar and its lib/. Fetches both if absent. @throws UserError if that fails */
export const ensureApicurio = (tell: ReportProgress, environment = process.env) => ensure(apicurio, tell, environment)

/** Fetches into a new folder and renames it. One process at a time: two Mavens can corrupt their local repository. */
async function ensure(artifact: Artifact, tell: ReportProgress, environment: NodeJS.ProcessEnv): Promise<string> {
  const cache = cacheDirectory(environment)
  const folder = join(cache, artifact.folder)
  if (isComplete(folder, artifact)) return folder
  makeCache(cache)
  const lock = await waitForLock(join(cache, 'maven.lock'), (pid) => {
    if (pid !== process.pid) tell(`waiting for process ${pid}, which fetches with Maven …`)
  })
  try {
    if (!isComplete(folder, artifact)) await fill(artifact, cache, folder, tell, environment)
  } finally {
    lock.release()
  }
  return folder
}

async function fill(
  artifact: Artifact,
  cache: string,
  folder: string,
  tell: ReportProgress,
  environment: NodeJS.ProcessEnv,
) {
  checkMaven(artifact.title, environment)
  tell(`fetching ${artifact.title} with Maven, once …`)
  for (const left of readdirSync(cache).filter((name) => name.startsWith(`${artifact.folder}.tmp-`)))
    rmSync(join(cache, left), { recursive: true, force: true })
  const work = mkdtempSync(`${folder}.tmp-`)
  try {
    copyFileSync(fileURLToPath(new URL(`maven/${artifact.pom}`, import.meta.url)), join(work, 'pom.xml'))
    await runPom(work, artifact.title, environment)
    if (!isComplete(join(work, 'files'), artifact))
      throw new UserError(`Maven fetched ${artifact.title}, but not all of it.`)
    rmSync(folder, { recursive: true, force: true })
    renameSync(join(work, 'files'), folder)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

const isComplete = (folder: string, artifact: Artifact): boolean =>
  existsSync(folder) && readdirSync(folder).some((name) => artifact.witness.test(name))

function makeCache(cache: string): void {
  try {
    mkdirSync(cache, { recursive: true })
  } catch (error) {
    throw new UserError(
      `The cache directory ${cache} cannot be made (${(error as Error).message}): set TIDEMARK_CACHE.`,
    )
  }
}
