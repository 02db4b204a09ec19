// The rules of Prometheus and the dashboards of Grafana, as they are shipped.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { type LabelUse, type MetricUse, metricsOf, printedLabels } from './promql.ts'
import { projectRoot } from './service-process.ts'

const Rule = z.strictObject({
  record: z.string().optional(),
  alert: z.string().optional(),
  expr: z.string(),
  for: z.string().optional(),
  keep_firing_for: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
})
export type Rule = z.infer<typeof Rule>
const Rules = z.strictObject({ groups: z.array(z.strictObject({ name: z.string(), rules: z.array(Rule) })) })

const Target = z.object({ expr: z.string(), legendFormat: z.string(), datasource: z.object({ uid: z.string() }) })
const Panel = z.object({
  title: z.string(),
  description: z.string(),
  datasource: z.object({ uid: z.string() }),
  fieldConfig: z.object({ defaults: z.object({ unit: z.string() }) }),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  targets: z.array(Target),
})
const Variable = z.object({ name: z.string(), type: z.string(), definition: z.string().optional() })
const Dashboard = z.object({
  uid: z.string(),
  title: z.string(),
  description: z.string(),
  panels: z.array(Panel),
  templating: z.object({ list: z.array(Variable) }),
})
export type Dashboard = z.infer<typeof Dashboard>

const read = (path: string): string => readFileSync(join(projectRoot, path), 'utf8')

const ruleFiles = ['records.yml', 'alerts.yml'] as const
const groupsIn = (file: (typeof ruleFiles)[number]) => Rules.parse(parse(read(`infra/prometheus/${file}`))).groups
export const rulesIn = (file: (typeof ruleFiles)[number]): Rule[] => groupsIn(file).flatMap(({ rules }) => rules)
/** The names of all groups of rules. Records come first, because alerts rest on them. */
export const groups = ruleFiles.flatMap((file) => groupsIn(file).map(({ name }) => name))

export const dashboards = (): Dashboard[] =>
  globSync('infra/grafana/generated/*.json', { cwd: projectRoot }).map((file) =>
    Dashboard.parse(JSON.parse(read(file))),
  )

const Scrape = z.object({ scrape_configs: z.array(z.object({ job_name: z.string() })) })
/** Returns the names of the jobs that Prometheus scrapes. */
export const jobs = (): string[] =>
  Scrape.parse(parse(read('infra/prometheus/prometheus.yml'))).scrape_configs.map(({ job_name }) => job_name)

/** Returns all that rules and dashboards name of the services' own metrics, by the rule or panel that names it. */
export function namedMetrics(): { by: string; use: MetricUse }[] {
  const records = rulesIn('records.yml')
  const byName = new Map(records.map(({ record = '', expr }) => [record, expr]))
  /** Replaces a recorded metric by what its rule reads. A label that is asked of the record must be one of those. */
  const own = (use: MetricUse): MetricUse[] => {
    const expr = byName.get(use.metric)
    return expr === undefined ? [use] : metricsOf(expr).flatMap(own).map(asking(use.labels))
  }
  const asking =
    (labels: LabelUse[]) =>
    (use: MetricUse): MetricUse =>
      use.isScalar ? use : { ...use, labels: [...use.labels, ...labels] }
  const of = (by: string, expr: string, printed: LabelUse[]) =>
    metricsOf(expr)
      .map(asking(printed))
      .flatMap(own)
      .map((use) => ({ by, use }))
  const ruled = [...records, ...rulesIn('alerts.yml')].flatMap(({ record, alert, expr, annotations }) =>
    of(record ?? alert ?? '', expr, Object.values(annotations).flatMap(printedLabels)),
  )
  const shown = dashboards().flatMap(({ title, panels, templating }) => [
    ...panels.flatMap((panel) =>
      panel.targets.flatMap(({ expr, legendFormat }) =>
        of(`${title}: ${panel.title}`, expr, printedLabels(legendFormat)),
      ),
    ),
    ...templating.list.flatMap(({ definition = '' }) => {
      const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(definition) ?? []
      return metric === '' ? [] : of(`${title}: $${label}`, `sum by (${label}) (${metric})`, [])
    }),
  ])
  return [...ruled, ...shown]
}

interface Sample {
  name: string
  labels: Record<string, string>
}

/** Reads what /metrics of a service says, with the labels that Prometheus adds. */
export function samplesOf(job: string, text: string): Sample[] {
  const scraped = { job, instance: 'test' }
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const own = lines.map((line) => {
    const [, name = '', labels = ''] = /^(\w+)(?:\{(.*)\})? \S+$/.exec(line) ?? []
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', value = '']) => [label, value])
    return { name, labels: { ...Object.fromEntries(pairs), ...scraped } }
  })
  return [{ name: 'up', labels: scraped }, ...own]
}

/** Returns what rules and dashboards name and no sample has: who names it, the metric, and the labels. */
export function missingIn(samples: readonly Sample[]): string[] {
  const byName = Map.groupBy(samples, ({ name }) => name)
  const missing = namedMetrics().filter(({ use }) => {
    const isThere = ({ labels }: Sample) =>
      use.labels.every(({ label, fits }) => labels[label] !== undefined && fits(labels[label]))
    return !byName.get(use.metric)?.some(isThere)
  })
  return missing.map(({ by, use }) => `${by}: ${use.metric}{${use.labels.map(({ text }) => text).join(',')}}`)
}
