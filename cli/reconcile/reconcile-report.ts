import { datasetsByName } from '#core/datasets.ts'
import type { IncompleteAnswer } from '#core/reconcile/check-scope.ts'
import type { DatasetBalance, Reconciliation } from '#operations/reconcile/reconcile.ts'
import { printable } from '#platform/process/printable.ts'
import { utcText } from '#platform/process/utc-text.ts'
import { timeseriesTopic } from '#schemas/topics.ts'

const maxShown = 20

/** Returns true if every point and every answer is accounted for: stored, deleted, refused, or on the way. */
export const isComplete = ({ balances }: Reconciliation): boolean => balances.every(isWhole)

const isWhole = ({ missing, lostAnswers }: DatasetBalance): boolean => missing + lostAnswers.answers === 0

/** Returns the result for JSON: times as ISO 8601 text, and up to 20 incomplete answers of each dataset. Pure. */
export function reconciliationJson({ balances, notCompared }: Reconciliation) {
  return {
    complete: isComplete({ balances, notCompared }),
    datasets: balances.map(({ incomplete, repair, ...balance }) => ({
      ...balance,
      incomplete: incomplete.slice(0, maxShown).map(answerJson),
      repair: repair && { ...repair, command: repair.days && replayCommand(balance.dataset, repair.days, '') },
    })),
    notCompared,
  }
}

const answerJson = ({ windowStartMs, windowEndMs, knownAtMs, partition, offset, ...answer }: IncompleteAnswer) => ({
  ...answer,
  windowStart: utcText(windowStartMs),
  windowEnd: utcText(windowEndMs),
  knownAt: utcText(knownAtMs),
  raw: { partition, offset },
})

/** Returns the result as text: the datasets with a difference, and last one line for all. Pure. */
export function reconciliationText(found: Reconciliation, dataOption: string): string {
  const lines = [...found.balances.flatMap((balance) => datasetLines(balance, dataOption)), ...summary(found)]
  return `${lines.join('\n')}\n`
}

function summary({ balances, notCompared }: Reconciliation): string[] {
  const total = (of: (balance: DatasetBalance) => number): number => balances.reduce((sum, each) => sum + of(each), 0)
  const missing = total((each) => each.missing)
  const lost = total((each) => each.lostAnswers.answers)
  const what = [...(missing > 0 ? [count(missing, 'point')] : []), ...(lost > 0 ? [count(lost, 'answer')] : [])]
  const compared = `${count(
    total((each) => each.answers),
    'answer',
  )} of ${count(balances.length, 'dataset')} with ${count(
    total((each) => each.expected),
    'point',
  )} compared`
  const outcome = what.length === 0 ? 'nothing is missing' : `${what.join(' and ')} missing`
  const others =
    notCompared.length === 0
      ? []
      : [`not compared, because their answers hold other records than points: ${notCompared.join(', ')}`]
  return [...others, `${compared}: ${outcome}`]
}

function datasetLines(balance: DatasetBalance, dataOption: string): string[] {
  const { dataset, missing, lackingAnswers, lostAnswers, surplus, refused, waitingPoints, cutAnswers } = balance
  const facts = [
    ...(missing > 0 ? [`${count(missing, 'point')} missing`] : []),
    ...(lostAnswers.answers > 0
      ? [`${count(lostAnswers.answers, 'answer')} missing, of which ${count(lostAnswers.points, 'point')} are stored`]
      : []),
    ...(refused > 0 ? [`${count(refused, 'point')} in dead letters, because the store refused them`] : []),
    ...(surplus > 0 ? [`${count(surplus, 'row')} that no accepted answer names`] : []),
    ...(waitingPoints > 0 ? [`${count(waitingPoints, 'point')} whose answer is not stored yet`] : []),
    ...(cutAnswers > 0 ? [`${count(cutAnswers, 'answer')} not compared, because a deletion took a part of them`] : []),
  ]
  if (facts.length === 0) return []
  const shown = balance.incomplete.slice(0, maxShown)
  const more = lackingAnswers + lostAnswers.answers - shown.length
  return [
    `${dataset}: ${facts.join('; ')}`,
    ...shown.map((answer) => `  ${answerText(answer)}`),
    ...(more > 0 ? [`  and ${count(more, 'more answer')}`] : []),
    ...whatToDo(balance, dataOption).map((line) => `  ${line}`),
  ]
}

function answerText({
  requestIdentity,
  identity,
  knownAtMs,
  partition,
  offset,
  expected,
  found,
  ...answer
}: IncompleteAnswer) {
  const window = `${utcText(answer.windowStartMs)} to ${utcText(answer.windowEndMs)}`
  const who = requestIdentity === null ? `identity ${identity}` : printable(requestIdentity)
  const what =
    expected === null
      ? `the answer is missing, and ${count(found, 'point')} of it are stored`
      : `${number(found)} of ${count(expected, 'point')} are stored`
  return `${who}, window ${window}, known at ${utcText(knownAtMs)}, raw record ${partition}/${offset}: ${what}`
}

function whatToDo(
  { dataset, refused, waitingPoints, unfinishedReplays, repair, ...balance }: DatasetBalance,
  dataOption: string,
): string[] {
  const source = datasetsByName.get(dataset)?.source.name
  const isReadable = repair !== null && repair.rawGone < balance.incomplete.length
  const resume = (id: string) =>
    `a replay of it has not finished, so check again after it: npx tidemark replay ${dataset} --resume ${id}${dataOption}`
  return [
    ...(balance.surplus + balance.lostAnswers.answers > 0 ? unfinishedReplays.map(resume) : []),
    ...(waitingPoints > 0 ? ['normalizer or sink is behind: check again when `npx tidemark status` shows no lag'] : []),
    ...(refused > 0 && source !== undefined
      ? [`dead letters: npx tidemark dlq list --topic ${timeseriesTopic(source).name}${dataOption}`]
      : []),
    ...(repair?.days && isReadable ? [`to store them again: ${replayCommand(dataset, repair.days, dataOption)}`] : []),
    ...(repair && repair.days === null
      ? ['no source declares this dataset, so no replay can read it: restore a backup']
      : []),
    ...(repair?.days && repair.rawGone > 0
      ? [`the raw record of ${count(repair.rawGone, 'answer')} is gone, and no replay can read it: restore a backup`]
      : []),
  ]
}

const replayCommand = (dataset: string, { first, last }: { first: string; last: string }, dataOption: string): string =>
  `npx tidemark replay ${dataset} --from ${first} --to ${last}${dataOption}`

const number = (value: number): string => value.toLocaleString('en')
const count = (value: number, noun: string): string => `${number(value)} ${noun}${value === 1 ? '' : 's'}`
