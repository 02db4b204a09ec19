// What a dashboard is made of.

export interface Query {
  expr: string
  /** What a line or a row is called: {{dataset}}. */
  legend: string
}

export interface Panel {
  title: string
  description: string
  /** A unit of Grafana: s, bytes, percentunit, short, reqps, dateTimeAsIso. */
  unit: string
  kind: 'stat' | 'lines' | 'rows'
  queries: Query[]
  /** From this value on the panel is red. */
  redFrom?: number
}

export interface Dashboard {
  name: 'trust' | 'sources' | 'pipeline' | 'store'
  title: string
  description: string
  /** Choices at the top, each from the values of a label of a metric. */
  choices: { label: string; metric: string }[]
  panels: Panel[]
}

/** Returns a panel of one number, which is red from `redFrom` on. */
export const stat = (title: string, expr: string, description: string, redFrom = 1): Panel => {
  return { title, description, unit: 'short', kind: 'stat', queries: [{ expr, legend: title }], redFrom }
}
/** Returns a panel of lines over time. */
export const lines = (title: string, unit: string, expr: string, legend: string, description: string): Panel => {
  return { title, description, unit, kind: 'lines', queries: [{ expr, legend }] }
}
/** Returns a panel of the present values, one row each. */
export const rows = (title: string, unit: string, expr: string, legend: string, description: string): Panel => {
  return { title, description, unit, kind: 'rows', queries: [{ expr, legend }] }
}
