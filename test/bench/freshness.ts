// Measures how long an answer on the raw topic takes until its points can be queried in both tables. One every 200 ms.
import { rawResponseSchema } from '#schemas/generated/records.ts'
import { addDays, businessDay, FIRST_DAY } from '#simulator/jao/calendar.ts'
import { createUpstream } from '#simulator/jao/upstream.ts'
import { startPipeline } from '../support/pipeline.ts'
import { rawResponse } from '../support/raw-responses.ts'
import { percentile } from './store-queries.ts'
import { untilStored } from './stored.ts'

export interface Freshness {
  answers: number
  freshness_p50_ms: number
  freshness_p95_ms: number
}

const intervalMs = 200
const warmUp = 25
const answers = 150

export async function measureFreshness(tell: (line: string) => void): Promise<Freshness> {
  const pipeline = await startPipeline({ disposable: true })
  try {
    await pipeline.start('normalizer')
    await pipeline.start('sink')
    const upstream = createUpstream(1)
    const encode = await pipeline.registry.encoder('jao.raw', rawResponseSchema)
    const delaysMs: number[] = []
    let points = 0
    let day = FIRST_DAY
    for (let index = 0; index < warmUp + answers; index++) {
      const window = businessDay(day)
      const body = upstream.body(window.startMs, window.endMs, Date.parse('2027-01-01T00:00:00Z'))
      points += ((window.endMs - window.startMs) / 3_600_000) * 132
      const startedMs = performance.now()
      const raw = rawResponse(window, body, Date.now())
      await pipeline.producer.send('jao.raw', [{ key: raw.requestIdentity, value: encode(raw) }], { compress: true })
      await untilStored(pipeline, points, 3)
      const delayMs = performance.now() - startedMs
      if (index >= warmUp) delaysMs.push(delayMs)
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, intervalMs - delayMs)))
      day = addDays(day, 1)
    }
    tell(`${answers} answers of about 3,168 points, one every ${intervalMs} ms`)
    return { answers, freshness_p50_ms: percentile(delaysMs, 0.5), freshness_p95_ms: percentile(delaysMs, 0.95) }
  } finally {
    await pipeline.stop()
  }
}
