import { Counter, type Registry as Metrics } from 'prom-client'
import type { Agreement, AnswerComparison, Difference } from './diff-answers.ts'

/** Numbers of answers by result, and of differing points. `notCompared`: the buffer had dropped production's slices. */
export type Counts = Record<'answers' | Agreement | 'notCompared' | 'differingPoints', number>

export interface Example extends Partial<Difference> {
  dataset: string
  raw: string
  refusal?: string
}

export interface ShadowReport {
  add: (dataset: string, raw: string, compared: AnswerComparison | undefined) => void
  takeBatch: () => Counts & { examples: Example[] }
  totals: () => { datasets: Record<string, Counts>; examples: Example[] }
}

const maxExamplesOfABatch = 5
const maxExamples = 20
const examplesOfAnAnswer = 2

export function createShadowReport(metrics: Metrics): ShadowReport {
  const answers = new Counter({
    name: 'tidemark_shadow_answers_total',
    help: 'Answers by how what this code makes of them compares with production',
    labelNames: ['dataset', 'agreement'] as const,
    registers: [metrics],
  })
  const points = new Counter({
    name: 'tidemark_shadow_differing_points_total',
    help: 'Points, or slices of another form, that this code and production tell differently',
    labelNames: ['dataset'] as const,
    registers: [metrics],
  })
  const totals = new Map<string, Counts>()
  let batch = noCounts()
  let batchExamples: Example[] = []
  let newest: Example[] = []
  return {
    add: (dataset, raw, compared) => {
      const total = totals.get(dataset) ?? noCounts()
      totals.set(dataset, total)
      const agreement = compared?.agreement ?? 'notCompared'
      const differing = compared?.differences.length ?? 0
      for (const counts of [batch, total]) {
        counts.answers++
        counts[agreement]++
        counts.differingPoints += differing
      }
      answers.inc({ dataset, agreement })
      points.inc({ dataset }, differing)
      batchExamples.push(...examplesOf(dataset, raw, compared).slice(0, maxExamplesOfABatch - batchExamples.length))
    },
    takeBatch: () => {
      const taken = { ...batch, examples: batchExamples }
      newest = [...batchExamples, ...newest].slice(0, maxExamples)
      batch = noCounts()
      batchExamples = []
      return taken
    },
    totals: () => ({ datasets: Object.fromEntries(totals), examples: newest }),
  }
}

function examplesOf(dataset: string, raw: string, compared: AnswerComparison | undefined): Example[] {
  if (compared === undefined || compared.agreement === 'same') return []
  if (compared.agreement === 'differing') {
    return compared.differences.slice(0, examplesOfAnAnswer).map((difference) => ({ dataset, raw, ...difference }))
  }
  return [{ dataset, raw, refusal: compared.refusal ?? 'by production alone' }]
}

const noCounts = (): Counts => ({
  answers: 0,
  same: 0,
  differing: 0,
  refusedHereOnly: 0,
  refusedThereOnly: 0,
  notCompared: 0,
  differingPoints: 0,
})
