import { hrefTo } from '../address.ts'
import { CardTable } from '../layout/card-table.tsx'
import type { Column } from '../layout/long-table.tsx'
import { Name } from '../layout/name.tsx'
import { alertsState } from '../pages/page-states.ts'
import { Severity } from './event-cells.tsx'
import type { AlertRule } from './records.ts'
import { selectorText, tellText, unknownTexts } from './rule-text.ts'

/** The rules, each with its condition in words. */
export const RuleTable = ({ rules, opened, tz }: { rules: AlertRule[]; opened: string; tz: string }) => (
  <CardTable
    rows={rules}
    columns={columnsIn(tz)}
    nameOf={({ id }) => id}
    isChosen={({ id }) => id === opened}
    hasHeads
  />
)

const columnsIn = (tz: string): Column<AlertRule>[] => [
  {
    title: 'Rule',
    of: ({ id, rule }) => <a href={hrefTo('/alerts', alertsState, { rule: id, tz })}>{String(rule.title ?? id)}</a>,
  },
  { title: 'Severity', of: ({ rule }) => <Severity of={String(rule.severity)} /> },
  { title: 'Series', of: ({ rule }) => <Name of={selectorText(rule)} /> },
  {
    title: 'Alerts when',
    of: ({ says, rule, query, unknown }) => (
      <>
        {says ?? 'This release cannot read it: it alerts nobody.'} <span class="faint">({tellText(rule)})</span>
        {unknownTexts({ unknown }, tz).map((text) => (
          <p class="hint" key={text}>
            It {text}.
          </p>
        ))}
        {query !== null && (query.waitsS > query.everyS || query.failure !== null) && (
          <p class="hint">It {query.says}.</p>
        )}
      </>
    ),
  },
  { title: 'Owner', of: ({ owner }) => owner },
]
