// Part of `npm run generate`: writes the recorded figures of the bench into docs/scaling.md. `--check` fails if they differ.
import { readFileSync, writeFileSync } from 'node:fs'
import { readFigures } from './record.ts'
import { withFigures } from './scaling-page.ts'

const file = new URL('../../docs/scaling.md', import.meta.url)
const page = readFileSync(file, 'utf8')
const made = withFigures(page, readFigures())
if (!process.argv.includes('--check')) writeFileSync(file, made)
else if (made !== page) {
  process.stderr.write(
    'docs/scaling.md has not the figures of test/bench/figures.json: run `npm run generate` and commit\n',
  )
  process.exitCode = 1
}
