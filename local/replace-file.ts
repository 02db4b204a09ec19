import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs'

/** Replaces a file atomically. By default, only the owner may read the new file. */
export function replaceFile(path: string, text: string, mode = 0o600): void {
  const aside = `${path}.${process.pid}.next`
  const file = openSync(aside, 'w', mode)
  try {
    writeFileSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(aside, path)
}
