import { expect, test } from 'vitest'
import type { IncompleteAnswer } from '#core/reconcile/check-scope.ts'
import type { DatasetBalance } from '#operations/reconcile/reconcile.ts'
import { isComplete, reconciliationJson, reconciliationText } from './reconcile-report.ts'

const dataset = 'jao.core.maxExchanges'
const whole: DatasetBalance = {
  ...{ dataset, answers: 1_200, expected: 34_000, found: 34_000, missing: 0, surplus: 0, refused: 0, waitingPoints: 0 },
  ...{ cutAnswers: 0, lackingAnswers: 0, lostAnswers: { answers: 0, points: 0 }, incomplete: [], repair: null },
  unfinishedReplays: [],
}
const at = (text: string) => Date.parse(`${text}Z`)
const answer: IncompleteAnswer = {
  ...{ dataset, identity: 7, lacks: 'points', requestIdentity: `${dataset}/x`, transformVersion: 2 },
  ...{ windowStartMs: at('2026-04-19T22:00'), windowEndMs: at('2026-04-20T22:00'), knownAtMs: at('2026-04-19T09:00') },
  ...{ partition: 1, offset: 17, expected: 3_168, found: 3_160, missing: 8 },
}
const days = { first: '2026-04-20', last: '2026-04-20' }
const text = (over: Partial<DatasetBalance>, dataOption = '') =>
  reconciliationText({ balances: [{ ...whole, ...over }], notCompared: [] }, dataOption)

test('what is complete is one line, with what was not compared', () => {
  const found = { balances: [whole, { ...whole, dataset: 'kraken.ticker' }], notCompared: ['votes.votes'] }
  expect(isComplete(found)).toBe(true)
  expect(reconciliationText(found, '')).toBe(
    `not compared, because their answers hold other records than points: votes.votes
2,400 answers of 2 datasets with 68,000 points compared: nothing is missing
`,
  )
})

test('what is missing is named with its place in raw, and with the command that stores it again', () => {
  const lost = { ...answer, lacks: 'answer' as const, requestIdentity: null, expected: null, found: 5 }
  const lacking = {
    ...{ missing: 6, refused: 2, surplus: 1, lackingAnswers: 40, lostAnswers: { answers: 1, points: 5 } },
    ...{ incomplete: [answer, lost], repair: { days, rawGone: 1 }, unfinishedReplays: ['r-1'] },
  }
  expect(text(lacking, ' --data /d')).toBe(
    `${dataset}: 6 points missing; 1 answer missing, of which 5 points are stored; 2 points in dead letters, because the store refused them; 1 row that no accepted answer names
  ${dataset}/x, window 2026-04-19T22:00:00.000Z to 2026-04-20T22:00:00.000Z, known at 2026-04-19T09:00:00.000Z, raw record 1/17: 3,160 of 3,168 points are stored
  identity 7, window 2026-04-19T22:00:00.000Z to 2026-04-20T22:00:00.000Z, known at 2026-04-19T09:00:00.000Z, raw record 1/17: the answer is missing, and 5 points of it are stored
  and 39 more answers
  a replay of it has not finished, so check again after it: npx tidemark replay ${dataset} --resume r-1 --data /d
  dead letters: npx tidemark dlq list --topic jao.timeseries --data /d
  to store them again: npx tidemark replay ${dataset} --from 2026-04-20 --to 2026-04-20 --data /d
  the raw record of 1 answer is gone, and no replay can read it: restore a backup
1,200 answers of 1 dataset with 34,000 points compared: 6 points and 1 answer missing
`,
  )
  const json = reconciliationJson({ balances: [{ ...whole, ...lacking }], notCompared: [] })
  expect(json.complete).toBe(false)
  expect(json.datasets[0]).toMatchObject({
    incomplete: [{ knownAt: '2026-04-19T09:00:00.000Z', raw: { partition: 1, offset: 17 } }, { requestIdentity: null }],
    repair: { days, command: `npx tidemark replay ${dataset} --from 2026-04-20 --to 2026-04-20` },
  })
})

test('a replay is not proposed if it cannot read anything', () => {
  const lacking = { missing: 8, lackingAnswers: 1, incomplete: [answer] }
  expect(text({ ...lacking, repair: { days, rawGone: 1 } })).not.toContain('npx tidemark replay')
  expect(text({ ...lacking, repair: { days: null, rawGone: 1 } })).toContain('no source declares this dataset')
})

test('what is refused, deleted or on the way is told, and is not missing', () => {
  const other = { ...whole, refused: 2, cutAnswers: 1, waitingPoints: 3 }
  expect(isComplete({ balances: [other], notCompared: [] })).toBe(true)
  const told = text(other)
  expect(told).toContain('1 answer not compared, because a deletion took a part of them')
  expect(told).toContain('normalizer or sink is behind: check again')
  expect(told).toMatch(/nothing is missing\n$/)
})
