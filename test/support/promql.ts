// What PromQL expressions name: metrics, and the labels that they must have.
import { parser } from '@prometheus-io/lezer-promql'

export interface LabelUse {
  label: string
  /** Returns whether a value of the label fits. Fits all values if the expression only names the label. */
  fits: (value: string) => boolean
  text: string
}

export interface MetricUse {
  metric: string
  labels: LabelUse[]
  /** True inside of scalar(): the result has none of the metric's labels. */
  isScalar: boolean
}

type Tree = ReturnType<typeof parser.parse>['topNode']

/**
 * Returns the metrics of an expression, each with its matchers and the labels that aggregations around it keep. Variables
 * of Grafana stand for any value.
 * @throws Error if the expression cannot be parsed, or has a part that this function does not follow
 */
export function metricsOf(expression: string): MetricUse[] {
  const text = expression.replaceAll(/\[\$__\w+\]/g, '[5m]')
  const uses: MetricUse[] = []
  const textOf = ({ from, to }: Tree): string => text.slice(from, to)
  const visit = (node: Tree, kept: LabelUse[], isScalar: boolean): void => {
    if (node.type.isError) throw new Error(`"${expression}" is not PromQL, at character ${node.from}`)
    if (['MatchingModifierClause', 'Without', 'QuotedLabelMatcher'].includes(node.name))
      throw new Error(`"${expression}": ${textOf(node)} is not followed here`)
    const grouping = node.name === 'AggregateExpr' ? descendants(node.getChild('AggregateModifier'), 'LabelName') : []
    const inside = [...kept, ...grouping.map((name) => anyValue(textOf(name)))]
    if (node.name === 'VectorSelector') {
      const metric = node.getChild('Identifier')
      if (metric === null) throw new Error(`"${expression}": a selector names no metric`)
      const matchers = descendants(node, 'UnquotedLabelMatcher').map((matcher) => matcherOf(matcher, textOf))
      uses.push({ metric: textOf(metric), labels: [...matchers, ...inside], isScalar })
    }
    const isCall = node.name === 'FunctionCall' && textOf(node).startsWith('scalar(')
    for (let child = node.firstChild; child !== null; child = child.nextSibling)
      visit(child, inside, isScalar || isCall)
  }
  visit(parser.parse(text).topNode, [], false)
  return uses
}

const anyValue = (label: string): LabelUse => ({ label, fits: () => true, text: label })

/** Returns the labels that a legend or an annotation prints: {{dataset}}, {{ $labels.dataset }}. */
export const printedLabels = (template: string): LabelUse[] =>
  [...template.matchAll(/\{\{ *(?:\$labels\.)?([a-z]\w*) *\}\}/g)].map(([, label = '']) => anyValue(label))

function descendants(node: Tree | null, name: string): Tree[] {
  const found: Tree[] = []
  for (let child = node?.firstChild ?? null; child !== null; child = child.nextSibling)
    found.push(...(child.name === name ? [child] : []), ...descendants(child, name))
  return found
}

function matcherOf(matcher: Tree, textOf: (node: Tree) => string): LabelUse {
  const [label = '', operator = '', literal = ''] = ['LabelName', 'MatchOp', 'StringLiteral'].map((name) => {
    const part = matcher.getChild(name)
    return part === null ? '' : textOf(part)
  })
  const value = literal.slice(1, -1)
  const regex = new RegExp(`^(?:${value})$`)
  const fits = {
    '=': (other: string) => other === value,
    '!=': (other: string) => other !== value,
    '=~': (other: string) => regex.test(other),
    '!~': (other: string) => !regex.test(other),
  }[operator]
  if (fits === undefined) throw new Error(`${textOf(matcher)} has no operator`)
  return { label, fits: value.startsWith('$') ? () => true : fits, text: textOf(matcher) }
}
