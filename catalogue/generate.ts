// Part of `npm run generate`: writes docs/catalogue.md. With `--check`, fails if the file is out of date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { sources } from '#sources/index.ts'
import { cataloguePage } from './page.ts'

const file = new URL('../docs/catalogue.md', import.meta.url)
const text = cataloguePage(sources)

if (!process.argv.includes('--check')) writeFileSync(file, text)
else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
  process.stderr.write('docs/catalogue.md is not what is declared: run `npm run generate` and commit\n')
  process.exitCode = 1
}
