// Rules for the declarations of sources and datasets. Topics, tables and views are named after them, so provisioning
// checks the rules before it creates anything.
import { sourceTopics } from '#schemas/topics.ts'
import { type AcrossCheck, acrossChecks } from '#sources/answers/across-answers.ts'
import { commonFlags } from '#sources/answers/checks.ts'
import type { Dataset, Source, Upstream } from '#sources/source.ts'
import { calendarProblems } from './check-calendar.ts'

/** Error of bad declarations. The message has one line per broken rule. */
export class DeclarationError extends Error {
  override name = 'DeclarationError'
}

/**
 * Checks all declarations.
 * @param takenNames the platform's tables and views, which no dataset's view may replace
 * @throws DeclarationError with all broken rules
 */
export function refuseBadDeclarations(sources: readonly Source[], takenNames: readonly string[]): void {
  const wrong = brokenRules(sources, takenNames)
  if (wrong.length > 0) throw new DeclarationError(wrong.join('\n'))
}

export function brokenRules(sources: readonly Source[], takenNames: readonly string[]): string[] {
  const datasets = sources.flatMap((source) => source.datasets)
  const views = datasets.flatMap(({ name, view }) => (view ? [{ name: view.name, of: name }] : []))
  return [
    ...doubled(sources.map(({ name }) => name)).map((name) => `There are two sources named ${name}: rename one.`),
    ...sources.flatMap((source) => prefixOfAnother(source, sources)),
    ...doubled(datasets.map(({ name }) => name)).map((name) => `There are two datasets named ${name}: rename one.`),
    ...doubled(views.map(({ name }) => name)).map((name) => `Two datasets have a view named ${name}: rename one.`),
    ...views
      .filter(({ name }) => takenNames.includes(name))
      .map(({ name, of }) => `${of}: the view ${name} has the name of a table or view of the platform: rename it.`),
    ...sources.flatMap(wrongInSource),
    ...sources.flatMap((source) => source.datasets.flatMap((dataset) => wrongInDataset(source, dataset))),
  ]
}

const doubled = (names: string[]): string[] => [...new Set(names.filter((name, at) => names.indexOf(name) !== at))]

/** Returns a message per source whose name extends this one's. Topics of `a.b` would look like topics of `a`. */
const prefixOfAnother = ({ name }: Source, sources: readonly Source[]): string[] =>
  sources
    .filter((other) => other.name.startsWith(`${name}.`))
    .map((other) => `The source ${other.name} would lie within the topics of ${name}: rename one.`)

const sourceName = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
const spdxId = /^[A-Za-z0-9.-]+$/
const ownSuffix = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
/** Suffixes of the topics that every source has, such as `raw`. A source's own topics need other suffixes. */
export const takenSuffixes = sourceTopics('x').map(({ name }) => name.slice('x.'.length))

/** Returns why a source cannot have this name; undefined if it can. */
export function sourceNameProblem(name: string): string | undefined {
  if (name === 'tidemark') return 'its topics would be the platform’s.'
  if (sourceName.test(name)) return undefined
  return 'a name is lower-case letters, digits and single hyphens, and starts with a letter.'
}

function wrongInSource(source: Source): string[] {
  const { name, licence, retention = {}, topics = [], upstream } = source
  const wrong: string[] = []
  const say = (sentence: string): unknown => wrong.push(`Source ${name}: ${sentence}`)
  const problem = sourceNameProblem(name)
  if (problem !== undefined) say(problem)
  if (source.title.trim() === '' || source.owner.trim() === '') say('title and owner must say something.')
  if (licence.terms.trim() === '' || !isAddress(licence.link)) say('licence needs terms, and a link that is http(s).')
  if (licence.spdx !== undefined && !spdxId.test(licence.spdx))
    say(
      `licence.spdx ${JSON.stringify(licence.spdx)} is not an SPDX identifier such as CC-BY-4.0: leave it out if there is none.`,
    )
  for (const [what, days] of Object.entries(retention)) {
    if (!(days > 0 && Number.isFinite(days))) say(`retention.${what} is ${days}: want days above 0, or leave it out.`)
  }
  for (const suffix of doubled(topics.map((topic) => topic.suffix))) say(`it has two topics with the suffix ${suffix}.`)
  for (const { suffix } of topics) {
    if (takenSuffixes.includes(suffix)) say(`the suffix ${suffix} is that of a topic that every source has.`)
    else if (!ownSuffix.test(suffix)) say(`the topic suffix ${JSON.stringify(suffix)} is not a lower-case word.`)
  }
  if (upstream) for (const sentence of wrongInUpstream(upstream)) say(sentence)
  if (!upstream && source.datasets.some(({ asking }) => asking))
    say('it has datasets that are asked for, and no upstream.')
  return wrong
}

const settingName = /^[A-Z][A-Z0-9_]*$/

function wrongInUpstream({ baseUrl, budget, credential }: Upstream): string[] {
  const { perMinute, burst, refillPerMinute, maxInFlight } = budget
  const settings = [baseUrl.setting, ...(credential ? [credential.setting] : [])]
  const noBudget = [perMinute, burst, refillPerMinute, maxInFlight].some((number) => !(number > 0))
  return [
    ...settings
      .filter((setting) => !settingName.test(setting))
      .map((setting) => `the setting ${setting} is not a name of an environment variable in capitals.`),
    ...(isAddress(baseUrl.default) ? [] : [`the base URL ${baseUrl.default} is not an http(s) address.`]),
    ...(noBudget ? ['every number of its budget must be above 0.'] : []),
    ...(burst + refillPerMinute >= perMinute ? ['burst and refillPerMinute together must stay below perMinute.'] : []),
  ]
}

const datasetPart = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/
const highestVersion = 4095

function wrongInDataset(source: Source, dataset: Dataset): string[] {
  const { name, steps, keys, plausible, transformVersion, schedule, calendar, asking, files } = dataset
  const wrong: string[] = []
  const say = (sentence: string): unknown => wrong.push(`Dataset ${name}: ${sentence}`)
  const own = name.startsWith(`${source.name}.`) ? name.slice(source.name.length + 1) : ''
  if (!datasetPart.test(own)) say(`a name is ${source.name}. and words of letters, digits, _ and -, with dots between.`)
  if (!Number.isInteger(transformVersion) || transformVersion < 0 || transformVersion > highestVersion) {
    say(`transformVersion is ${transformVersion}: want a whole number from 0 to ${highestVersion}.`)
  }
  if (
    plausible &&
    !(Number.isFinite(plausible.min) && Number.isFinite(plausible.max) && plausible.min < plausible.max)
  ) {
    say(`plausible is ${plausible.min} to ${plausible.max}: want two numbers, the smaller one as min.`)
  }
  // Files may have no steps: their rows go to tables of their own.
  if (!oldestFirst(steps) && !(files && steps.length === 0))
    say('steps need one entry at the least, oldest first, each stepS above 0.')
  if (!isAddress(dataset.page)) say(`page is ${JSON.stringify(dataset.page)}: want an http(s) address.`)
  for (const what of ['title', 'description', 'unit'] as const) {
    if (dataset[what].trim() === '') say(`${what} must say something.`)
  }
  if (keys.pattern.trim() === '' || keys.example.trim() === '') say('keys need a pattern and an example.')
  for (const label of undeclaredLabels(dataset))
    say(`labels of ${keys.example} give ${label}, which keys.labels does not explain.`)
  for (const sentence of calendarProblems(calendar)) say(sentence)
  for (const sentence of wrongInChecks(dataset)) say(sentence)
  if (files && !asking && schedule === 'auto')
    say('it is not asked for, so its schedule cannot be auto: say on-demand or off.')
  if (!asking && !files) say('it is neither asked for nor read from files: declare asking or files.')
  if (calendar.kind === 'files' && asking) say('it is asked for, so its calendar cannot be that of files.')
  return wrong
}

const flagWord = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
/** The views give the flag `withdrawn`. */
const takenFlags: readonly string[] = [...commonFlags, 'withdrawn', ...acrossChecks]

function wrongInChecks({ checks = [], acrossAnswers = [], calendar }: Dataset): string[] {
  const flags = checks.map(({ flag }) => flag)
  return [
    ...(calendar.kind === 'files' && acrossAnswers.length > 0
      ? ['it is read from files, which have no windows: it cannot have checks across answers.']
      : []),
    ...acrossAnswers.flatMap((check) => wrongNumbers(check).map((wrong) => `the check ${check.check}: ${wrong}.`)),
    ...doubled(acrossAnswers.map(({ check }) => check)).map((check) => `it has two checks ${check} across answers.`),
    ...acrossAnswers.filter(({ text }) => text.trim() === '').map(({ check }) => `the check ${check} needs a text.`),
    ...doubled(flags).map((flag) => `it has two checks with the flag ${flag}.`),
    ...flags
      .filter((flag) => !flagWord.test(flag))
      .map((flag) => `the flag ${JSON.stringify(flag)} is not lower-case words with hyphens.`),
    ...flags
      .filter((flag) => takenFlags.includes(flag))
      .map((flag) => `the flag ${flag} has a meaning of its own: give the check another one.`),
    ...checks.filter(({ text }) => text.trim() === '').map(({ flag }) => `the check ${flag} needs a text.`),
  ]
}

function wrongNumbers(check: AcrossCheck): string[] {
  const wrong = (isWrong: boolean, what: string): string[] => (isWrong ? [what] : [])
  if (check.check === 'jump') {
    const { limits = {}, step } = check
    return [
      ...wrong(step === undefined && Object.keys(limits).length === 0, 'it needs limits or a step'),
      ...wrong(
        step !== undefined && !(step.factor > 1 && step.withinS > 0),
        'want a factor above 1, and withinS above 0',
      ),
      ...Object.entries(limits)
        .filter(([, { min, max }]) => !(min < max))
        .map(([key, { min, max }]) => `the limits of ${key} are ${min} to ${max}: the smaller one must be min`),
    ]
  }
  if (check.check === 'frozen')
    return wrong(
      !(check.ticks >= 2 && check.times >= 1 && check.withinS > 0),
      'want ticks of 2, times and withinS above 0',
    )
  const { share, history, minHistory, withinS } = check
  return [
    ...wrong(!(share > 0 && share < 1 && withinS > 0), 'want a share between 0 and 1, and withinS above 0'),
    ...wrong(!(minHistory >= 1 && history >= minHistory), 'want a minHistory of 1, and at least as much history'),
  ]
}

const oldestFirst = (steps: Dataset['steps']): boolean =>
  steps.length > 0 &&
  steps.every(
    ({ fromMs, stepS }, at) => stepS > 0 && Number.isFinite(fromMs) && fromMs > (steps[at - 1]?.fromMs ?? -Infinity),
  )

const undeclaredLabels = ({ keys, labels }: Dataset): string[] =>
  Object.keys(labels(keys.example)).filter((label) => !Object.hasOwn(keys.labels, label))

const isAddress = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
