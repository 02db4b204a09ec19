import type { Source } from '#sources/source.ts'
import { newSourceDaily } from './daily.ts'
import { newRecordDataset } from './new-record.ts' // with --record
import { newRecordStatements, newRecordTopic } from './new-record-store.ts' // with --record

/** TODO: who publishes this, and what. Name the limits they state, with a link: the budget below keeps to them. */
export const newSource: Source = {
  // The prefix of its topics (new-source.raw, ...) and of its datasets. It never changes once records were written.
  name: 'new-source',
  title: 'TODO: the upstream as it calls itself',
  // The team or person who answers for this declaration: rights on the topics can go with it, docs/owning-a-source.md.
  owner: 'TODO: who',
  licence: { terms: 'TODO: what upstream says of the use of its data', link: 'https://data.example.org' },
  upstream: {
    // The variable replaces the address, to try it against a server of yours; paths stay the same.
    baseUrl: { default: 'https://data.example.org', setting: 'NEW_SOURCE_BASE_URL' },
    // What upstream allows in a minute, and what is taken of it: burst + refillPerMinute stay below perMinute.
    budget: { perMinute: 30, burst: 2, refillPerMinute: 24, maxInFlight: 2 },
    // For an upstream that wants a key (it is never printed or stored):
    // credential: { header: 'x-api-key', setting: 'NEW_SOURCE_API_KEY', obtainFrom: 'sign up at https://...' },
  },
  // Answers and slices are kept for ever unless it says: retention: { rawDays: 400 },
  datasets: [
    newSourceDaily,
    newRecordDataset, // with --record
  ],
  topics: [newRecordTopic], // with --record
  statements: newRecordStatements, // with --record
}
