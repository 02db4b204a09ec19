import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { UserError } from '#platform/process/user-error.ts'
import type { Names, UpstreamAddress } from './named.ts'

const template = new URL('template/', import.meta.url)

/**
 * Writes sources/<name> from the template, in which every spelling of `new-source` becomes the name. Gives the files,
 * relative to the project.
 * @throws UserError when the folder is there already
 */
export function writeSource(root: URL, names: Names, upstream: UpstreamAddress): string[] {
  const folder = `sources/${names.name}`
  try {
    mkdirSync(new URL(folder, root))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new UserError(`${folder} is there already: choose another name, or remove it.`)
  }
  mkdirSync(new URL(`${folder}/samples`, root))
  const files = readdirSync(template, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.map(({ parentPath, name }) => {
    const within = `${parentPath}/`.includes('/samples/') ? 'samples/' : ''
    const text = readFileSync(new URL(`${within}${name}`, template), 'utf8')
    const file = `${folder}/${within}${name.replace('new-source', names.name)}`
    writeFileSync(new URL(file, root), filledIn(text, names, upstream), { flag: 'wx' })
    return file
  })
}

/** A text of the template with the source's own names and address. */
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
 * Prepares the line and the word in sources/index.ts that make a source known.
 * @throws UserError when the file is not as it is expected: nothing was written then
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
