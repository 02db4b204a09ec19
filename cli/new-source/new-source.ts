import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { UserError } from '#platform/process/user-error.ts'
import { sources } from '#sources/index.ts'
import { namesOf, recordNamesOf, refuseName, upstreamOf } from './named.ts'
import { listSource, writeSource } from './write-source.ts'

interface NewSourceOptions {
  url: string
  record?: string
  json?: boolean
}

export const newSource = (): Command =>
  new Command('new-source')
    .description('write a source to start from: a folder below sources/ that passes the checks, with a sample answer')
    .argument('<name>', 'lower-case, as its topics and datasets will begin: ecb')
    .option('--url <url>', 'where upstream answers, without a query', 'https://data.example.org/v1/daily')
    .option(
      '--record <name>',
      'with a dataset of records of its own beside points, and their schema and table: WaterLevel',
    )
    .option('--json', 'print the files that were written as JSON')
    .addHelpText('after', '\nNothing is ever overwritten. docs/writing-a-source.md goes on from there.')
    .action(run)

async function run(name: string, { url, record, json }: NewSourceOptions): Promise<void> {
  const root = new URL('../../', import.meta.url)
  const upstream = upstreamOf(url)
  const recordNames = record === undefined ? undefined : recordNamesOf(record)
  refuseName(
    name,
    sources.map((source) => source.name),
  )
  if (!existsSync(new URL('test/explode/generate.ts', root)) || !existsSync(new URL('node_modules/.bin/biome', root))) {
    throw new UserError('new-source wants a checkout with the packages for development: clone it and `npm run setup`.')
  }
  const names = namesOf(name)
  const listed = listSource(root, names)
  const written = writeSource(root, names, upstream, recordNames)
  listed.write()
  settle(fileURLToPath(root), name)
  const generated = recordNames ? [`sources/${name}/generated/records.ts`, 'schemas/generated/versions.json'] : []
  const made = [...generated, 'docs/catalogue.md', 'docker-compose.yml', 'infra/docker/simulated.env']
  const files = [...written, 'sources/index.ts', ...made, 'test/explode/generated/explosions.json']
  process.stdout.write(json ? `${JSON.stringify({ source: name, files })}\n` : `${files.join('\n')}\n`)
  if (!json) process.stderr.write(`\n${nextSteps(name, names.setting, recordNames?.name)}\n`)
}

/** Runs the generators and the formatter, so that all checks pass. @throws UserError with the output if one fails */
function settle(root: string, name: string): void {
  const run = (command: string, ...parameters: string[]): void => {
    const { status, stdout, stderr, error } = spawnSync(command, parameters, { cwd: root, encoding: 'utf8' })
    if (status === 0) return
    const said = (error?.message ?? `${stderr}${stdout}`).trim()
    throw new UserError(`sources/${name} is written, but \`${[command, ...parameters].join(' ')}\` failed:\n${said}`)
  }
  run(process.execPath, 'schemas/generate.ts')
  run('node_modules/.bin/biome', 'check', '--write', 'sources/index.ts', `sources/${name}`)
  run(process.execPath, 'catalogue/generate.ts')
  run(process.execPath, 'infra/docker/generate-settings.ts')
  run(process.execPath, 'test/explode/generate.ts')
}

/** Returns what to do with the files that were written. Pure. */
export const nextSteps = (
  name: string,
  setting: string,
  record: string | undefined,
): string => `It reads a made-up answer. To make it yours (docs/writing-a-source.md):
  curl -o sources/${name}/samples/a-day.body '...'   an answer of upstream, and a-day.asked.json: what was asked
  sources/${name}/daily.ts                           its schema, assess and explode; its TODOs${ofRecord(name, record)}
  npx vitest run sources/${name}                     the points that you expect, by hand
  npm run generate && npm test                       all checks
  ${setting}=http://127.0.0.1:9000 DATASET_SCHEDULES='*:off,${name}.*:auto' \\
    npx tidemark up --source live --data /tmp/try`

const ofRecord = (name: string, record: string | undefined): string =>
  record === undefined
    ? ''
    : `
  sources/${name}/${record}/v1.avsc, ${record}.ts, ${record}-store.ts   the same of its records, and their table
    before each edit of v1.avsc, until its first release: take its line out of schemas/generated/versions.json`
