import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDirectory, type ReportProgress } from './artifacts.ts'
import type { Java } from './java.ts'
import { waitForLock } from './lock.ts'

/**
 * Returns the path of a class-data archive, a file of loaded Java classes. With the archive, the broker starts in 1 s
 * instead of 3 s. If the file is absent, calls `rehearse`, which must run the program with the given flags and stop it.
 * The flags make Java write the archive. Returns undefined if that fails.
 */
export async function ensureArchive(
  name: string,
  java: Java,
  classPath: string,
  environment: NodeJS.ProcessEnv,
  tell: ReportProgress,
  rehearse: (flags: string[], directory: string) => Promise<void>,
): Promise<string | undefined> {
  const cache = cacheDirectory(environment)
  const fit = createHash('sha256').update(`${java.version}\n${classPath}`).digest('hex').slice(0, 12)
  const path = join(cache, `${name}-${fit}.jsa`)
  if (existsSync(path)) return path
  const lock = await waitForLock(`${path}.lock`)
  const prefix = `${name}-rehearsal-`
  try {
    if (existsSync(path)) return path
    tell(`preparing quick starts of ${name}, once …`)
    for (const left of readdirSync(cache).filter((entry) => entry.startsWith(prefix) || isOlder(entry, name)))
      rmSync(join(cache, left), { recursive: true, force: true })
    const directory = mkdtempSync(join(cache, prefix))
    try {
      await rehearse([`-XX:ArchiveClassesAtExit=${directory}/classes.jsa`], join(directory, 'data'))
      renameSync(join(directory, 'classes.jsa'), path)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
    return path
  } catch (error) {
    tell(`${name} will start more slowly, without a class archive: ${(error as Error).message.split('\n')[0]}`)
    return undefined
  } finally {
    lock.release()
  }
}

const isOlder = (entry: string, name: string): boolean => new RegExp(`^${name}-[0-9a-f]{12}\\.jsa$`).test(entry)

/**
 * Starts a program with its class-data archive. If the archive is damaged, Java crashes. Then the archive is removed,
 * and the program starts without it.
 */
export async function startWithArchive<Started>(
  archive: string | undefined,
  tell: ReportProgress,
  start: (flags: string[]) => Promise<Started>,
): Promise<Started> {
  if (archive === undefined) return start([])
  try {
    // Java ignores an archive of another Java version or class path: -Xshare:auto is the default.
    return await start([`-XX:SharedArchiveFile=${archive}`, '-Xlog:cds=off', '-Xlog:cds+dynamic=off'])
  } catch (error) {
    if (!/fatal error has been detected by the Java Runtime/.test((error as Error).message)) throw error
    tell(`the class archive ${archive} is damaged: removed, and made again at the next start`)
    rmSync(archive, { force: true })
    return start([])
  }
}
