import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Patch {
  file: string
  from: string
  to: string
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const parts = [
  'bin',
  'catalogue',
  'cli',
  'core',
  'infra',
  'local',
  'operations',
  'platform',
  'schemas',
  'services',
  'simulator',
  'sources',
  'package.json',
]

/** Copies this project and changes some lines, so that a test can run it as another release. */
export function anotherRelease(patches: Patch[]): { directory: string; remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-release-'))
  for (const part of parts) cpSync(join(root, part), join(directory, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
  for (const { file, from, to } of patches) {
    const text = readFileSync(join(directory, file), 'utf8')
    if (!text.includes(from)) throw new Error(`${file} does not say ${JSON.stringify(from)}`)
    writeFileSync(join(directory, file), text.replaceAll(from, to))
  }
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) }
}
