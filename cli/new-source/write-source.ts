import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserError } from '#platform/process/user-error.ts'
import { type Names, type RecordNames, template, type UpstreamAddress } from './named.ts'

/**
 * Writes sources/<name> from the template, with all names replaced. Without `record`, leaves out the files and lines
 * for own records. Returns the files, relative to the project.
 * @throws UserError if the folder exists
 */
export function writeSource(root: URL, names: Names, upstream: UpstreamAddress, record?: RecordNames): string[] {
  const folder = `sources/${names.name}`
  try {
    mkdirSync(new URL(folder, root))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new UserError(`${folder} is there already: choose another name, or remove it.`)
  }
  return templateFiles(record !== undefined).map((within) => {
    const text = withRecord(readFileSync(new URL(within, template), 'utf8'), record)
    const file = `${folder}/${withRecord(within, record).replace('new-source', names.name)}`
    mkdirSync(new URL('.', new URL(file, root)), { recursive: true })
    writeFileSync(new URL(file, root), filledIn(text, names, upstream), { flag: 'wx' })
    return file
  })
}

function templateFiles(hasRecord: boolean): string[] {
  const folder = fileURLToPath(template)
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)).replaceAll('\\', '/'))
    .filter((file) => !file.startsWith('generated/') && (hasRecord || !file.includes('new-record')))
}

/** Replaces the record's names, or removes the lines marked `// with --record`. */
function withRecord(text: string, record: RecordNames | undefined): string {
  const mark = ' // with --record'
  if (record === undefined) return text.replaceAll(new RegExp(`^.*${mark}\\n`, 'gm'), '')
  return text
    .replaceAll(mark, '')
    .replaceAll('new-record', record.name)
    .replaceAll('new_record', record.view)
    .replaceAll('newRecord', record.constant)
    .replaceAll('NewRecord', record.type)
}

function filledIn(text: string, names: Names, { origin, path }: UpstreamAddress): string {
  return text
    .replaceAll('#sources/', '../')
    .replaceAll('/v1/daily', path)
    .replaceAll('https://data.example.org', origin)
    .replaceAll('new-source', names.name)
    .replaceAll('new_source', names.view)
    .replaceAll('NEW_SOURCE', names.upper)
    .replaceAll('newSource', names.constant)
}

/**
 * Prepares the entry in sources/index.ts; `write` writes it.
 * @throws UserError if the form of that file is unexpected
 */
export function listSource(root: URL, { name, constant }: Names): { write: () => void } {
  const file = new URL('sources/index.ts', root)
  const text = readFileSync(file, 'utf8')
  const list = /(export const sources: Source\[\] = \[)([^\]]*?)(,?\s*\])/.exec(text)
  const importOfTypes = "import type { Source } from './source.ts'"
  if (list === null || !text.includes(importOfTypes))
    throw new UserError('sources/index.ts does not end with `export const sources: Source[] = [...]`: bring that back.')
  const [whole, open = '', listed = '', close = ''] = list
  const next = text
    .replace(whole, () => `${open}${listed.trim() === '' ? '' : `${listed}, `}${constant}${close}`)
    .replace(importOfTypes, () => `import { ${constant} } from './${name}/${name}.ts'\n${importOfTypes}`)
  return { write: () => writeFileSync(file, next) }
}
