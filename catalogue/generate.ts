// Part of `npm run generate`: writes docs/catalogue.md and docs/catalogue.json. With `--check`, fails if one is out of date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { sources } from '#sources/index.ts'
import { catalogueJson, cataloguePage } from './page.ts'

const files = [
  { name: 'docs/catalogue.md', file: new URL('../docs/catalogue.md', import.meta.url), text: cataloguePage(sources) },
  {
    name: 'docs/catalogue.json',
    file: new URL('../docs/catalogue.json', import.meta.url),
    text: catalogueJson(sources),
  },
]

for (const { name, file, text } of files) {
  if (!process.argv.includes('--check')) writeFileSync(file, text)
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    process.stderr.write(`${name} is not what is declared: run \`npm run generate\` and commit\n`)
    process.exitCode = 1
  }
}
