import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs'

/** Replaces a file, readable by its owner only, in one step: readers, and whoever comes after a crash, see all or nothing of it. */
export function replaceFile(path: string, text: string): void {
  const aside = `${path}.${process.pid}.next`
  const file = openSync(aside, 'w', 0o600)
  try {
    writeFileSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(aside, path)
}
