// Every link between documents leads somewhere, and every file of the project that they name exists.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const project = join(import.meta.dirname, '../..')
const documents = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...globSync('docs/*.md', { cwd: project })]
/** A path whose first part is one of these folders is a path of the project. */
const folders = globSync('*/', { cwd: project, exclude: ['node_modules', '.*'] }).map((name) => name.replace('/', ''))

const read = (file: string): string => readFileSync(join(project, file), 'utf8')
const exists = (path: string): boolean => existsSync(join(project, path))

/** The anchors of a document, as GitHub makes them of its headings. */
function anchorsOf(file: string): string[] {
  const headings = [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase())
  return headings.map((heading) => heading.replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'))
}

test('every relative link leads somewhere', () => {
  const broken = documents.flatMap((document) => {
    const links = [...read(document).matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)/g)]
    return links.flatMap(([link, path = '', anchor]) => {
      const target = path === '' ? document : join(dirname(document), path)
      const isGood = exists(target) && (anchor === undefined || anchorsOf(target).includes(anchor))
      return isGood ? [] : [`${document}: ${link}`]
    })
  })
  expect(broken).toEqual([])
})

test('every file that is named exists', () => {
  const absent = documents.flatMap((document) => {
    const paths = read(document).split('\n').flatMap(absentIn)
    return paths.map((path) => `${document}: ${path}`)
  })
  expect(absent).toEqual([])
})

/** The paths of a line that do not exist. A file name without a folder lies in the folder that the line named last. */
function absentIn(line: string): string[] {
  let folder: string | undefined
  const absent: string[] = []
  for (const [, path = ''] of line.matchAll(/`([\w.<>/-]+)`/g)) {
    // A placeholder (`sources/<source>/`), or the source that a reader of docs/writing-a-source.md makes.
    if (/[<>]|^sources\/ecb\//.test(path)) folder = undefined
    else if (path.includes('/') && folders.includes(path.split('/')[0] ?? '')) {
      folder = path.endsWith('/') ? path : dirname(path)
      if (!exists(path)) absent.push(path)
    } else if (folder !== undefined && /^[\w-]+(\.test)?\.ts$/.test(path) && !exists(join(folder, path))) {
      absent.push(join(folder, path))
    }
  }
  return absent
}
