import type { OwnTopic, Source } from '../source.ts'
import { acceptedConstraintsTable, constraintStatements } from './constraint-store.ts'
import { core } from './core.ts'
import { coreIntraday } from './core-intraday.ts'
import { finalComputations } from './final-computation.ts'
import { constraintsTopic } from './flow-constraints.ts'
import { type FlowConstraint, flowConstraintSchema } from './generated/records.ts'
import { nordic } from './nordic.ts'
import { jaoSite } from './site.ts'

const constraints: OwnTopic<FlowConstraint> = {
  suffix: constraintsTopic,
  record: flowConstraintSchema,
  table: acceptedConstraintsTable,
  key: 'dataset, hour and row, joined by slashes',
  retentionImpact: 'a subscriber that is new, or was away for longer, misses the older constraints, and so does a sink',
}

const datasets = [...core, ...nordic, ...coreIntraday, ...finalComputations]

/** Limits: 100 requests a minute, 2 business days per answer (jao.eu/news/publication-tool-access-parameters). */
export const jao: Source = {
  name: 'jao',
  title: 'JAO Publication Tool',
  owner: 'tidemark',
  licence: {
    terms: 'public, no login; terms of re-use are not stated by upstream',
    link: 'https://www.jao.eu/terms-conditions',
  },
  upstream: {
    baseUrl: { default: 'https://publicationtool.jao.eu', setting: 'JAO_BASE_URL' },
    budget: { perMinute: 100, burst: 2, refillPerMinute: 96, maxInFlight: 8 },
  },
  datasets,
  site: jaoSite(datasets),
  topics: [constraints],
  statements: constraintStatements,
}
