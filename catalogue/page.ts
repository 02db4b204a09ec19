import { rawTopic, timeseriesTopic } from '#schemas/topics.ts'
import type { Source } from '#sources/source.ts'
import { type CatalogueEntry, catalogueEntries } from './entry.ts'
import { describeSteps, keptWords } from './words.ts'

/** Returns docs/catalogue.md: a table of the sources, then the datasets of each source. Pure. */
export function cataloguePage(sources: readonly Source[]): string {
  return `${[head, tableOfSources(sources), ...sources.map(sourceChapter)].join('\n\n')}\n`
}

/** Returns docs/catalogue.json: the entries of all datasets, one a line, for `catalogue diff`. Pure. */
export const catalogueJson = (sources: readonly Source[]): string =>
  `[\n${catalogueEntries(sources)
    .map((entry) => JSON.stringify(entry))
    .join(',\n')}\n]\n`

const head = `# Catalogue

Made by \`npm run generate\` from the declarations in \`sources/\`: change those, not this page. The same stands in the
table \`datasets\`, and \`npx tidemark catalogue [search TEXT | show DATASET]\` shows it with what is there: points, first and
last, revisions, bytes, readers. A dataset whose shape is **documented** was never seen answered: a first live answer that does
not fit is a dead letter that says what did not.`

function tableOfSources(sources: readonly Source[]): string {
  const lines = sources.map(({ name, title, owner, licence, upstream, datasets }) => {
    const auto = datasets.filter(({ schedule }) => schedule === 'auto').length
    const terms = `[${cell(licence.terms)}](${licence.link})`
    return [
      `[\`${name}\`](#${anchor(name)})`,
      cell(title),
      `${datasets.length}`,
      `${auto}`,
      cell(owner),
      upstream?.baseUrl.default ?? 'files',
      terms,
    ]
  })
  return table(['source', 'what', 'datasets', 'schedule auto', 'owner', 'asked at', 'terms of use'], lines)
}

function sourceChapter(source: Source): string {
  const entries = catalogueEntries([source])
  const facts = [
    `Owner: ${source.owner}. Terms: [${source.licence.terms}](${source.licence.link}).`,
    upstreamWords(source),
    retentionWords(source),
    `Topics: ${entries[0]?.topics.map((name) => `\`${name}\``).join(', ') ?? 'none'}.`,
  ]
  const overview = table(
    ['dataset', 'what', 'unit', 'step', 'schedule', 'backfilled by itself', 'shape'],
    entries.map((entry) => [
      `[\`${entry.dataset}\`](#${anchor(entry.dataset)})`,
      cell(entry.title),
      cell(entry.unit),
      describeSteps(entry.steps),
      entry.schedule,
      yesNo(entry.autoBackfill),
      entry.shape,
    ]),
  )
  return [
    `## ${source.name}`,
    `${source.title}. ${facts.filter((fact) => fact !== '').join(' ')}`,
    overview,
    ...entries.map(datasetPart),
  ].join('\n\n')
}

function upstreamWords({ upstream }: Source): string {
  if (upstream === undefined) return 'Comes in files.'
  const { baseUrl, budget, credential } = upstream
  const secret = credential ? ` Wants a key in \`${credential.setting}\`: ${credential.obtainFrom}.` : ''
  return `Asked at ${baseUrl.default} (\`${baseUrl.setting}\` replaces it), ${budget.perMinute} requests a minute at the most.${secret}`
}

function retentionWords({ name, retention = {} }: Source): string {
  const { rawDays, timeseriesDays } = retention
  const costs = [
    ...(rawDays === undefined ? [] : [rawTopic(name).retentionImpact]),
    ...(timeseriesDays === undefined ? [] : [timeseriesTopic(name).retentionImpact]),
  ]
  const kept = `Answers are kept ${keptWords(rawDays ?? null)}, slices ${keptWords(timeseriesDays ?? null)}`
  return `${[kept, ...costs].join('; ')}. The store keeps its rows.`
}

function datasetPart(entry: CatalogueEntry): string {
  const { plausibleMin, plausibleMax, expectations, checks, acrossAnswers } = entry
  const labels = Object.entries(entry.labels).map(([label, says]) => `\`${label}\` (${says})`)
  const lines = [
    `Unit ${entry.unit}, step ${describeSteps(entry.steps)}, zone ${entry.zone}`,
    `When: ${entry.calendar}`,
    `Keys: \`${entry.keyPattern}\`, for example \`${entry.keyExample}\`${labels.length > 0 ? `; labels: ${labels.join(', ')}` : ''}`,
    ...(plausibleMin === null
      ? []
      : [`Plausible: ${plausibleMin} to ${plausibleMax}; what lies outside is stored with the flag \`implausible\``]),
    ...(expectations.length > 0 ? [`Expected of an answer: ${expectations.join('; ')}`] : []),
    ...Object.entries(checks).map(([flag, text]) => `Flag \`${flag}\`: ${text}`),
    ...Object.entries(acrossAnswers).map(([check, text]) => `Finding \`${check}\`: ${text}`),
    ...(entry.view === null ? [] : [`View: \`${entry.view}\``]),
    `Transform version ${entry.transformVersion}, shape ${entry.shape}, [upstream’s page](${entry.page})`,
  ]
  return [
    `### ${entry.dataset}`,
    `**${entry.title}.** ${entry.description}`,
    lines.map((line) => `- ${line}`).join('\n'),
  ].join('\n\n')
}

const yesNo = (yes: boolean): string => (yes ? 'yes' : 'no')

const table = (names: string[], lines: string[][]): string =>
  [names, names.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

/** Returns the anchor that GitHub gives a heading. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^a-z0-9_ -]/g, '')
    .replaceAll(' ', '-')
