import type { Command } from 'commander'
import { datasetsByName } from '#core/datasets.ts'
import { suggestSimilar } from '#core/suggest-similar.ts'
import { printable } from '#platform/process/printable.ts'

/** Example arguments by full command name, for usage errors. */
export const examples: Readonly<Record<string, string>> = {
  backfill: 'jao.core.maxExchanges --from 2026-10-01 --to 2026-10-31',
  backup: '/backups/monday',
  'catalogue diff': 'main',
  'catalogue export': 'jao.core.maxExchanges --format odcs',
  'catalogue search': 'exchanges',
  'catalogue show': 'jao.core.maxExchanges',
  delete: 'jao.core.maxExchanges --before 2024-01-01 --dry-run',
  'dlq drop': '--source jao --reason bug --why "not worth mending"',
  'dlq release': 'jao.core.maxExchanges',
  'dlq show': 'jao.dlq/0/17',
  explain: 'jao.core.maxExchanges border_AT_BE 2026-11-21T20:00Z',
  ingest: 'votes Votes.jsonl',
  'new-source': 'ecb --url https://data.example.org',
  query: '"SELECT * FROM latest LIMIT 3"',
  replay: 'jao.core.maxExchanges --from 2026-10-01 --to 2026-10-31 --dry-run',
  restore: '/backups/monday --data .tidemark/restored',
  resume: 'api.binance.com',
}

const maxShown = 3
const shown = (text: string): string => printable(text.slice(0, 200))

/** Returns an error message that suggests similar commands. After `catalogue`, it also suggests `show` or `search`. */
export function unknownCommand(given: string, names: readonly string[], parent = ''): string {
  const whole = `npx tidemark${parent === '' ? '' : ` ${parent}`}`
  const wanted = shown(given)
  const instead =
    parent !== 'catalogue'
      ? ''
      : datasetsByName.has(given)
        ? ` \`${whole} show ${wanted}\` shows this dataset.`
        : ` \`${whole} search ${wanted}\` looks for datasets with this word.`
  const nearest = suggestSimilar(given, names, maxShown).join(', ')
  return `There is no command ${parent === '' ? wanted : `${parent} ${wanted}`}; the nearest are: ${nearest}.${instead} \`${whole} --help\` names them all.`
}

export function sayUsageErrors(command: Command, path: string): void {
  command.configureOutput({
    outputError: (text, write) => write(`tidemark: ${usageError(command, path, text)}\n`),
  })
  for (const below of command.commands) sayUsageErrors(below, `${path} ${below.name()}`)
}

function usageError(command: Command, path: string, text: string): string {
  const parent = command.parent
  const isUnasked = parent?.name() === 'catalogue' && /too many arguments/.test(text)
  if (isUnasked || /^error: unknown command/.test(text)) {
    const within = isUnasked ? (parent ?? command) : command
    return unknownCommand(
      command.args[0] ?? '',
      within.commands.map((each) => each.name()),
      within.name(),
    )
  }
  const missing = missingOf(command)
  const help = `\`npx tidemark ${path} --help\` says more.`
  if (missing.length > 0 && /missing required argument|required option/.test(text)) {
    const example = examples[path]
    const line = example === undefined ? '' : ` For example:\n  npx tidemark ${path} ${example}\n`
    return `${path} needs ${missing.join(' and ')}.${line}${line === '' ? ' ' : ''}${help}`
  }
  const said = shown(
    text
      .replace(/^error: /, '')
      .trim()
      .replaceAll('\n', ' '),
  )
  return `${path}: ${said}${/[.)?]$/.test(said) ? '' : '.'} ${help}`
}

function missingOf(command: Command): string[] {
  const named = command.registeredArguments.slice(command.args.length).filter(({ required }) => required)
  const options = command.options.filter((option) => {
    return option.mandatory && command.getOptionValue(option.attributeName()) === undefined
  })
  return [...named.map((argument) => `<${argument.name()}>`), ...options.map(({ flags }) => flags)]
}
