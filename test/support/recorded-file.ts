import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { recordingsDir } from './recorded-jao.ts'

/** Returns a recorded file. Warns and returns undefined if it is absent. */
export function recordedFile(name: string): Buffer | undefined {
  const path = join(recordingsDir(), name)
  try {
    return readFileSync(path)
  } catch (error) {
    console.warn(
      `NOT CHECKED against a recorded answer: ${path} cannot be read (${(error as Error).message}). ` +
        'Set TIDEMARK_RECORDINGS to the directory that holds it.',
    )
    return undefined
  }
}

export function csvRows(file: Buffer): Record<string, string>[] {
  const [head = '', ...lines] = file.toString('utf8').trim().split(/\r?\n/)
  const names = cellsOf(head)
  return lines.map((line) => Object.fromEntries(cellsOf(line).map((cell, index) => [names[index] ?? '', cell])))
}

const cellsOf = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'),
  )
