// 10,000 rules on 1,000 series, and as many points a second as this machine can write beside them: how many points the
// alerter judges, what a million of them costs, and how long it takes from an acknowledged point to its webhook.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { ruleSchema } from '#core/alerts/rule.ts'
import { saveEndpoint } from '#operations/alerts/endpoints.ts'
import { alertRulesTopic } from '#schemas/alert-topics.ts'
import { type TimeseriesSlice, timeseriesSliceSchema } from '#schemas/generated/records.ts'
import { timeseriesTopic } from '#schemas/topics.ts'
import { type Pipeline, startPipeline } from '../support/pipeline.ts'
import { cpuSeconds } from './cpu.ts'
import { percentile } from './store-queries.ts'

const series = 1_000
const rulesPerSeries = 10
const pointsPerSecond = 50_000
const seconds = 30
const stepMs = 10_000
const startMs = Math.floor(Date.now() / stepMs) * stepMs - 3_600_000
const topic = timeseriesTopic('kraken').name

export async function measureAlerts(tell: (line: string) => void): Promise<Record<string, number>> {
  const pipeline = await startPipeline()
  const arrivals = new Map<string, number>()
  const hook = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const nowMs = performance.now()
      const { data } = JSON.parse(body) as { data: { events: { key: string; kind: string; onset_at: string }[] } }
      for (const { key, kind, onset_at: onset } of data.events)
        if (kind === 'firing') arrivals.set(`${key}/${Date.parse(onset)}`, nowMs)
      response.writeHead(204).end()
    })
  })
  try {
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
    await saveRules(pipeline, `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`)
    const key = Buffer.alloc(32, 7).toString('base64')
    const alerter = await pipeline.start('alerter', { ALERT_MASTER_KEY: key, ALERT_ALLOWED_NETWORKS: '127.0.0.0/8' })
    tell(`${series * rulesPerSeries} rules on ${series} series`)
    return await feed(pipeline, alerter, arrivals, tell)
  } finally {
    hook.close()
    await pipeline.stop()
  }
}

/** Half of the rules compare with a constant, half with the average of the last minutes. Two in ten tell somebody. */
async function saveRules({ kafka, registry, producer }: Pipeline, url: string): Promise<void> {
  const log = { warn: () => undefined }
  for (let user = 0; user < 50; user++)
    await saveEndpoint(
      { kafka, registry, log },
      { id: `user${user}`, kind: 'webhook', address: url, owner: 'bench' },
      'bench',
    )
  const encode = await registry.encoder(alertRulesTopic.name, alertRulesTopic.record)
  const records = Array.from({ length: series * rulesPerSeries }, (_, at) => {
    const market = at % series
    const nth = Math.floor(at / series)
    const to = { window: `PT${(nth % 3) + 1}M`, of: 'avg' }
    const rule = ruleSchema.parse({
      ...{ id: `rule${at}`, title: `Rule ${at}`, owner: 'bench', minShare: 0.5 },
      of: { dataset: 'kraken.ticker', key: `M${market}.last` },
      when: nth % 2 === 0 ? { value: '>', than: 500 + nth } : { value: '>', than: 3 + nth, as: 'ratio', to },
      tell: nth < 2 ? [`user${market % 50}`] : [],
    })
    const record = { id: rule.id, version: 1, rule: JSON.stringify(rule), owner: 'bench', why: '', changedBy: 'bench' }
    return { key: rule.id, value: encode({ ...record, changedAt: startMs, isDeleted: false }) }
  })
  await producer.send(alertRulesTopic.name, records)
}

async function feed(
  { registry, producer }: Pipeline,
  alerter: { pid: number; url: string },
  arrivals: ReadonlyMap<string, number>,
  tell: (line: string) => void,
): Promise<Record<string, number>> {
  const encode = await registry.encoder(topic, timeseriesSliceSchema)
  const acknowledged = new Map<string, number>()
  const cpuBefore = cpuSeconds(alerter.pid)
  const beganMs = performance.now()
  const rounds = (pointsPerSecond * seconds) / series
  for (let round = 0; round < rounds; round++) {
    const start = startMs + round * stepMs
    // Each 50th round, five markets spike: more alerts would be told together.
    const isSpiky = (market: number): boolean => round > 30 && round % 50 === 0 && market % 200 === round % 200
    const records = Array.from({ length: series }, (_, market) => {
      const key = `M${market}.last`
      const slice: TimeseriesSlice = {
        ...{ dataset: 'kraken.ticker', key, windowStart: start, windowEnd: start + stepMs, start, step: 10 },
        ...{ values: [isSpiky(market) ? 5_000 : 100 + (round % 7)], knownAt: start + 50, upstreamModifiedAt: null },
        ...{ transformVersion: 1, unit: 'USD', flags: [], origin: 'live', raw: { partition: 0, offset: round } },
        identity: 1,
      }
      return { key: `kraken.ticker/${key}`, value: encode(slice) }
    })
    await producer.send(topic, records)
    for (let market = 0; market < series; market++)
      if (isSpiky(market)) acknowledged.set(`M${market}.last/${start}`, performance.now())
    const aheadMs = ((round + 1) * series * 1_000) / pointsPerSecond - (performance.now() - beganMs)
    if (aheadMs > 0) await sleep(aheadMs)
  }
  const writtenS = (performance.now() - beganMs) / 1_000
  const points = rounds * series
  tell(`${points} points were written in ${writtenS.toFixed(1)} s`)
  const judged = async (): Promise<number> => {
    const text = await (await fetch(`${alerter.url}/metrics`)).text()
    return Number(/^tidemark_alert_judge_seconds_count\S* (\S+)$/m.exec(text)?.[1] ?? 0)
  }
  while ((await judged()) < points && performance.now() - beganMs < 300_000) await sleep(100)
  const judgedS = (performance.now() - beganMs) / 1_000
  await sleep(3_000)
  const delays = [...acknowledged].flatMap(([name, atMs]) => {
    const arrivedMs = arrivals.get(name)
    return arrivedMs === undefined ? [] : [arrivedMs - atMs]
  })
  return {
    alert_points_written_per_s: Math.round(points / writtenS),
    alert_points_judged_per_s: Math.round(points / judgedS),
    alerter_cpu_s_per_million: Number((((cpuSeconds(alerter.pid) - cpuBefore) / points) * 1e6).toFixed(2)),
    alerts_expected: acknowledged.size,
    alerts_told_within_seconds: delays.length,
    point_to_webhook_p50_ms: Math.round(percentile(delays, 0.5)),
    point_to_webhook_p99_ms: Math.round(percentile(delays, 0.99)),
  }
}
