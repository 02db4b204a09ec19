// Part of `npm run generate`: writes the dashboards as JSON, as Grafana's provisioning reads them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dashboards } from './dashboards.ts'
import type { Dashboard, Panel } from './panel.ts'

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana puts the chosen data source here.
const datasourceVariable = '${datasource}'
const datasource = { type: 'prometheus', uid: datasourceVariable }
const directory = new URL('generated/', import.meta.url)
const columns = 24
const sizes = { stat: { w: 4, h: 4 }, lines: { w: 12, h: 8 }, rows: { w: 12, h: 8 } } as const
const types = { stat: 'stat', lines: 'timeseries', rows: 'bargauge' } as const

mkdirSync(directory, { recursive: true })
for (const dashboard of dashboards) {
  const file = new URL(`${dashboard.name}.json`, directory)
  const text = `${JSON.stringify(dashboardJson(dashboard), null, 2)}\n`
  if (!process.argv.includes('--check')) writeFileSync(file, text)
  else if (readIfThere(file) !== text) {
    process.stderr.write(`${file.pathname} is not what dashboards.ts says: run \`npm run generate\` and commit\n`)
    process.exitCode = 1
  }
}

function readIfThere(file: URL): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function dashboardJson({ name, title, description, choices, panels }: Dashboard) {
  return {
    uid: `tidemark-${name}`,
    ...{ title, description, tags: ['tidemark'], timezone: 'utc', schemaVersion: 39, version: 1, editable: false },
    ...{ refresh: '30s', time: { from: 'now-24h', to: 'now' }, annotations: { list: [] } },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        ...choices.map(({ label, metric }) => {
          const definition = `label_values(${metric}, ${label})`
          return {
            ...{ name: label, type: 'query', datasource, definition, query: { query: definition, refId: label } },
            ...{ refresh: 2, sort: 1, multi: true, includeAll: true, allValue: '.*' },
            current: { text: 'All', value: '$__all' },
          }
        }),
      ],
    },
    panels: laidOut(panels),
  }
}

/** Places panels from left to right. A panel that does not fit begins a row. */
function laidOut(panels: Panel[]) {
  let [x, y, height] = [0, 0, 0]
  return panels.map((panel, index) => {
    const { w, h } = sizes[panel.kind]
    if (x + w > columns || (height !== 0 && h !== height)) [x, y, height] = [0, y + height, 0]
    const gridPos = { x, y, w, h }
    x += w
    height = h
    return { id: index + 1, gridPos, ...panelJson(panel) }
  })
}

function panelJson({ title, description, unit, kind, queries, redFrom }: Panel) {
  const isNow = kind !== 'lines'
  const steps = [
    { color: kind === 'stat' ? 'green' : 'blue', value: null },
    ...(redFrom === undefined ? [] : [{ color: 'red', value: redFrom }]),
  ]
  return {
    ...{ type: types[kind], title, description, datasource },
    fieldConfig: { defaults: { unit, thresholds: { mode: 'absolute', steps } }, overrides: [] },
    options: isNow
      ? {
          reduceOptions: { calcs: ['lastNotNull'], values: false },
          ...(kind === 'rows' && { orientation: 'horizontal', displayMode: 'basic' }),
        }
      : { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: queries.map(({ expr, legend }, index) => ({
      ...{
        refId: String.fromCharCode(65 + index),
        datasource,
        expr,
        legendFormat: legend,
        instant: isNow,
        range: !isNow,
      },
    })),
  }
}
