import { expect, test } from 'vitest'
import { dashboards } from '../../test/support/monitoring-files.ts'
import { metricsOf, printedLabels } from '../../test/support/promql.ts'

const all = dashboards()

test('there are four, each with an address that stays', () => {
  const uids = ['tidemark-pipeline', 'tidemark-sources', 'tidemark-store', 'tidemark-trust']
  expect(all.map(({ uid }) => uid).toSorted()).toEqual(uids)
})

test.each(all.map((dashboard) => [dashboard.title, dashboard] as const))(
  'each panel of %s has a title of its own, a description, a unit and PromQL, from the chosen data source',
  (_title, { description, panels, templating }) => {
    expect(description).not.toBe('')
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length)
    const chosen = `\${${templating.list.find(({ type }) => type === 'datasource')?.name}}`
    const variables = templating.list.map(({ name }) => name)
    for (const panel of panels) {
      expect([panel.title, panel.description.endsWith('.')]).toEqual([panel.title, true])
      expect(panel.fieldConfig.defaults.unit).not.toBe('')
      for (const { datasource } of [panel, ...panel.targets]) expect(datasource.uid).toBe(chosen)
      for (const { expr, legendFormat } of panel.targets) {
        const printed = printedLabels(legendFormat).map(({ label }) => label)
        // An aggregation keeps the labels that it names, and no other.
        if (/\b(sum|min|max|count)\b/.test(expr))
          expect(expr.match(/\bby \(([^)]*)\)/)?.[1]?.split(', ') ?? [], panel.title).toEqual(
            expect.arrayContaining(printed),
          )
        expect(metricsOf(expr), expr).not.toEqual([])
        for (const [, name] of expr.matchAll(/\$(\w+)/g)) expect([...variables, '__rate_interval']).toContain(name)
      }
    }
    const squares = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)} ${y + Math.floor(index / w)}`),
    )
    expect(new Set(squares).size).toBe(squares.length)
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
  },
)
