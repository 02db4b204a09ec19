// Part of `npm run generate`: writes the result of explode for every answer to generated/explosions.json. `--check`
// only compares. Both fail if a result has changed without a greater transform version.
import { readFileSync, writeFileSync } from 'node:fs'
import { sources } from '#sources/index.ts'
import { allAnswers } from './answers.ts'
import { compareSnapshots, takeSnapshot } from './snapshot.ts'

const file = new URL('generated/explosions.json', import.meta.url)
const kept = readFileSync(file, 'utf8')
const { answers, absent } = allAnswers()
const now = takeSnapshot(
  sources.flatMap(({ datasets }) => datasets),
  answers,
)
const { broken, next } = compareSnapshots(JSON.parse(kept), now, absent)
const text = `${JSON.stringify(next, null, 2)}\n`

if (broken.length > 0) complain(broken)
else if (!process.argv.includes('--check')) writeFileSync(file, text)
else if (text !== kept) {
  complain(['test/explode/generated/explosions.json is not of today: run `npm run generate` and commit'])
}

function complain(sentences: string[]): void {
  process.stderr.write(`${sentences.join('\n')}\n`)
  process.exitCode = 1
}
