// Measures the questions to completeness over five years of history: what is there and what is missing.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addDays, dayAt } from '#core/business-day.ts'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { spawnEndpoint } from '#local/clickhouse/spawn.ts'
import { readReport } from '#operations/report/report.ts'
import { createStore, type Store } from '#platform/clickhouse/client.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { evaluate } from '../../services/monitor/evaluate.ts'
import { cpuSeconds } from './cpu.ts'
import { percentile, read } from './store-queries.ts'
import { dailyDataset, hourlyDataset, loadTrustHistory, ticksDataset, years } from './trust-history.ts'

/** Each question shall be answered within this time on two idle cores. */
const targetMs = 1_000
const times = 7
// completeness_now asks by the store's clock.
const nowMs = Math.floor(Date.now() / 60_000) * 60_000

interface Figures {
  /** Until the client has read all rows. */
  p50_ms: number
  target_ms: number
  /** Of the store and of this process, for one question. On a busy machine it says more than the time. */
  cpu_s: number
}

export async function measureTrust(tell: (line: string) => void): Promise<Record<string, Figures>> {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-bench-'))
  const endpoint = await spawnEndpoint({ dataDir: join(directory, 'clickhouse'), port: 0 })
  const store = createStore({ url: endpoint.url, ...endpoint.credentials.writer, requestTimeoutMs: 600_000 })
  const cpuS = (): number => cpuSeconds(endpoint.child.pid ?? 0) + cpuSeconds(process.pid)
  try {
    await migrate(store, migrations)
    await loadTrustHistory(store, nowMs)
    tell('five years of all datasets are loaded')
    const figures: Record<string, Figures> = {}
    for (const [name, ask] of Object.entries(questions(store))) {
      await ask()
      const beganS = cpuS()
      const took: number[] = []
      for (let nth = 0; nth < times; nth++) {
        const beganMs = performance.now()
        await ask()
        took.push(performance.now() - beganMs)
      }
      const cpu_s = Number(((cpuS() - beganS) / times).toFixed(2))
      figures[name] = { p50_ms: percentile(took, 0.5), target_ms: targetMs, cpu_s }
    }
    return figures
  } finally {
    await store.close()
    await endpoint.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

function questions(store: Store): Record<string, () => Promise<unknown>> {
  const text = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
  const at = text(nowMs)
  const monthAgo = text(nowMs - 31 * 86_400_000)
  const columns = 'dataset, window_start, class, since, cause, detail'
  const late = "WHERE class IN ('late', 'partial') AND is_watched ORDER BY dataset, window_start"
  const today = dayAt('Europe/Brussels', nowMs)
  const days = { from: addDays(today, -365 * years), to: addDays(today, 1) }
  const report = (dataset: string | null, span: typeof days | null) => () =>
    readReport(store, { dataset, days: span, atMs: null, nowMs })
  return {
    completeness_since_31_days: () =>
      read(store, `SELECT ${columns} FROM tidemark.completeness_since(at = '${at}', from = '${monthAgo}')`, {}),
    completeness_of_a_dataset: () =>
      read(store, `SELECT ${columns} FROM tidemark.completeness(at = '${at}') WHERE dataset = '${dailyDataset}'`, {}),
    completeness_now_late: () => read(store, `SELECT ${columns} FROM tidemark.completeness_now ${late}`, {}),
    evaluation_of_the_monitor: () => evaluate(store, nowMs),
    report_of_all_31_days: report(null, null),
    report_of_days_5_years: report(dailyDataset, days),
    report_of_hours_5_years: report(hourlyDataset, days),
    report_of_ticks_5_years: report(ticksDataset, days),
  }
}
