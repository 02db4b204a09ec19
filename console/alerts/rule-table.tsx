import { hrefTo } from '../address.ts'
import { alertsState } from '../pages/page-states.ts'
import { Severity } from './event-cells.tsx'
import type { AlertRule } from './records.ts'
import { selectorText, tellText } from './rule-text.ts'

/** The rules, each with its condition in words. */
export const RuleTable = ({ rules, opened, tz }: { rules: AlertRule[]; opened: string; tz: string }) => (
  <div class="scroll">
    <table class="wide">
      <thead>
        <tr>
          <th>Rule</th>
          <th>Severity</th>
          <th>Series</th>
          <th>Alerts when</th>
          <th>Owner</th>
        </tr>
      </thead>
      <tbody>
        {rules.map(({ id, says, owner, rule }) => (
          <tr key={id} class={id === opened ? 'chosen' : undefined}>
            <th scope="row">
              <a href={hrefTo('/alerts', alertsState, { rule: id, tz })}>{String(rule.title ?? id)}</a>
            </th>
            <td>
              <Severity of={String(rule.severity)} />
            </td>
            <td class="names">{selectorText(rule)}</td>
            <td>
              {says ?? 'This release cannot read it: it alerts nobody.'} <span class="faint">({tellText(rule)})</span>
            </td>
            <td>{owner}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
)
