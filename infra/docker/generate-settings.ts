// Part of `npm run generate`: writes the sources' settings between the marks in docker-compose.yml and simulated.env.
import { readFileSync, writeFileSync } from 'node:fs'
import { HOST_NAMES } from '#simulator/hosts.ts'
import { sources } from '#sources/index.ts'
import type { Source } from '#sources/source.ts'

const composeFile = new URL('../../docker-compose.yml', import.meta.url)
const simulatedFile = new URL('simulated.env', import.meta.url)
const compose = readFileSync(composeFile, 'utf8')

const settings = [...new Set(sources.flatMap(settingsOf))]
const files: [file: URL, text: string][] = [
  [
    composeFile,
    withBlock(
      compose,
      settings.map((name) => `  ${name}: \${${name}:-}`),
    ),
  ],
  [simulatedFile, withBlock(readFileSync(simulatedFile, 'utf8'), sources.flatMap(simulatedLines))],
]
for (const [file, text] of files) {
  if (!process.argv.includes('--check')) writeFileSync(file, text)
  else if (readFileSync(file, 'utf8') !== text) {
    process.stderr.write(
      `${file.pathname} has not the settings that sources declare: run \`npm run generate\` and commit\n`,
    )
    process.exitCode = 1
  }
}

function settingsOf({ upstream, datasets }: Source): string[] {
  const { baseUrl, credential } = upstream ?? {}
  const own = datasets.flatMap(({ asking, calendar }) => [
    asking?.selectors?.setting,
    calendar.kind === 'ticks' ? calendar.every.setting : undefined,
  ])
  return [baseUrl?.setting, credential?.setting, ...own].filter((setting) => setting !== undefined)
}

/** Returns settings that point a source's upstream at the simulator, with a dummy API key in place of the user's. */
function simulatedLines({ name, upstream }: Source): string[] {
  if (upstream === undefined) return []
  const ports = /, simulator, ([^\]]+)\]/.exec(compose)?.[1]?.match(/\d+/g) ?? []
  const at = (HOST_NAMES as readonly string[]).indexOf(name)
  const address = at < 0 ? `http://simulator:${ports[0]}/unknown/${name}` : `http://simulator:${ports[at]}`
  const { baseUrl, credential } = upstream
  return [`${baseUrl.setting}=${address}`, ...(credential ? [`${credential.setting}=simulated`] : [])]
}

function withBlock(text: string, lines: string[]): string {
  const marks = /^( *# Made by `npm run generate`.*\n)(?:.*\n)*?( *# End of what is made\.)$/m
  if (!marks.test(text)) throw new Error('the marks of what `npm run generate` makes are gone: bring them back')
  return text.replace(
    marks,
    (_, begin: string, end: string) => `${begin}${lines.map((line) => `${line}\n`).join('')}${end}`,
  )
}
