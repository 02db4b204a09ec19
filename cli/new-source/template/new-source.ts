import type { Source } from '#sources/source.ts'
import { newSourceDaily } from './daily.ts'
import { newRecordDataset } from './new-record.ts' // with --record
import { newRecordStatements, newRecordTopic } from './new-record-store.ts' // with --record

/** TODO: who publishes this, and what. Link the rate limits that upstream documents: the budget below respects them. */
export const newSource: Source = {
  // Prefix of the topics (new-source.raw, ...) and of the datasets. Never change it after the first record was written.
  name: 'new-source',
  title: 'TODO: the upstream as it calls itself',
  // The team or person responsible for this source. Access rights can follow it: docs/owning-a-source.md.
  owner: 'TODO: who',
  licence: { terms: 'TODO: what upstream says of the use of its data', link: 'https://data.example.org' },
  upstream: {
    // The environment variable `setting` replaces the address, for example by that of a test server. Paths stay.
    baseUrl: { default: 'https://data.example.org', setting: 'NEW_SOURCE_BASE_URL' },
    // perMinute is the limit of upstream. Keep burst + refillPerMinute below it.
    budget: { perMinute: 30, burst: 2, refillPerMinute: 24, maxInFlight: 2 },
    // For an upstream that wants a key (it is never printed or stored):
    // credential: { header: 'x-api-key', setting: 'NEW_SOURCE_API_KEY', obtainFrom: 'sign up at https://...' },
  },
  // Answers and slices are kept for ever by default. To change that: retention: { rawDays: 400 }
  datasets: [
    newSourceDaily,
    newRecordDataset, // with --record
  ],
  topics: [newRecordTopic], // with --record
  statements: newRecordStatements, // with --record
}
