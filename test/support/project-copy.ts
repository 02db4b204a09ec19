import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from './service-process.ts'

/** A copy of the project whose code a test may change: a release that does not exist yet. */
export interface ProjectCopy {
  root: string
  /** Replaces a text of a file; throws unless it stands there exactly once. */
  replace: (path: string, text: string, by: string) => void
  write: (path: string, text: string) => void
  remove: () => void
}

// What the services and provisioning are made of.
const rooms = ['history', 'infra', 'platform', 'schemas', 'services', 'sources', 'transform', 'package.json']

/** Copies the project into a temporary directory; its packages are those of the original. */
export function copyProject(): ProjectCopy {
  const root = mkdtempSync(join(tmpdir(), 'tidemark-copy-'))
  for (const room of rooms) {
    const from = join(projectRoot, room)
    if (existsSync(from)) cpSync(from, join(root, room), { recursive: true })
  }
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'))
  const write = (path: string, text: string): void => writeFileSync(join(root, path), text)
  return {
    root,
    write,
    replace: (path, text, by) => {
      const parts = readFileSync(join(root, path), 'utf8').split(text)
      if (parts.length !== 2) throw new Error(`${path} has ${parts.length - 1} times: ${text}`)
      write(path, parts.join(by))
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}
