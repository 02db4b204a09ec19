import { expect, test } from 'vitest'
import { datasetsByName } from '#core/datasets.ts'
import { openLineageValidator } from '../../test/support/published-schemas.ts'
import type { PublicAddresses } from './addresses.ts'
import { type Run, runEvent } from './openlineage.ts'
import { uuidOf } from './run-id.ts'

const nowhere: PublicAddresses = { url: null, kafka: null, clickhouse: null }
const somewhere: PublicAddresses = {
  url: 'https://data.example.org/tides',
  kafka: { host: 'kafka.example.org', port: 9094 },
  clickhouse: { host: 'store.example.org', port: 8443 },
}
const hash = 'ab'.repeat(32)

const complete: Run = {
  ...{ dataset: 'jao.core.maxExchanges', outcome: 'complete', selector: null },
  ...{ startMs: Date.parse('2026-10-24T22:00:00Z'), endMs: Date.parse('2026-10-25T23:00:00Z') },
  ...{ transformVersion: 2, atMs: Date.parse('2026-10-24T08:34:41.449Z'), answers: 2, points: 3_750 },
  raw: { partition: 1, offset: 17, sha256: hash },
  ...{ class: 'partial', flags: { implausible: 3, 'bid-above-ask': 1 }, reason: null, upstream: 'live' },
}
const failed: Run = {
  ...complete,
  ...{ outcome: 'failed', transformVersion: null, points: 0, class: null, flags: {}, reason: 'schema' },
}

const eventOf = (run: Run, addresses = nowhere) =>
  runEvent(datasetsByName.get(run.dataset)!, run, addresses) as {
    run: { runId: string; facets: Record<string, object> }
    inputs: { namespace: string; name: string; inputFacets?: object }[]
    outputs: { namespace: string; name: string; facets?: object; outputFacets?: object }[]
  }

test('the events of every dataset are valid, and have an input and an output', () => {
  const faultsOf = openLineageValidator()
  expect(faultsOf({ eventTime: 'today' })).not.toEqual([])
  for (const dataset of datasetsByName.keys()) {
    for (const run of [complete, failed, { ...complete, raw: null, class: null, selector: 'XBTUSD' }]) {
      for (const addresses of [nowhere, somewhere]) {
        const event = eventOf({ ...run, dataset }, addresses)
        expect({ dataset, faults: faultsOf(event) }).toEqual({ dataset, faults: [] })
        expect(event.inputs.length).toBeGreaterThan(0)
        expect(event.outputs.length).toBeGreaterThan(0)
      }
    }
  }
})

test('an accepted window is a COMPLETE event with its time, its place in raw, its rows, its class and its flags', () => {
  const facet = { _producer: expect.stringMatching(/^urn:tidemark:release:/), _schemaURL: expect.any(String) }
  expect(eventOf(complete)).toMatchObject({
    ...{ eventType: 'COMPLETE', eventTime: '2026-10-24T08:34:41.449Z' },
    schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',
    job: { namespace: 'urn:tidemark', name: 'explode.jao.core.maxExchanges' },
    run: {
      facets: {
        // A day of 25 hours.
        nominalTime: {
          ...{ ...facet, nominalStartTime: '2026-10-24T22:00:00.000Z', nominalEndTime: '2026-10-25T23:00:00.000Z' },
        },
        tidemark_raw: {
          ...{ ...facet, topic: 'jao.raw', partition: 1, offset: 17, sha256: hash, answers: 2, upstream: 'live' },
          ...{ knownAt: '2026-10-24T08:34:41.449Z', transformVersion: 2 },
        },
      },
    },
    inputs: [
      {
        ...{ namespace: 'urn:tidemark:kafka', name: 'jao.raw' },
        inputFacets: {
          dataQualityAssertions: {
            ...facet,
            assertions: [
              { assertion: 'complete', success: false, actual: 'partial' },
              { assertion: 'bid-above-ask', success: false, severity: 'warn', expected: '0', actual: '1' },
              { assertion: 'implausible', success: false, severity: 'warn', expected: '0', actual: '3' },
            ],
          },
        },
      },
    ],
    outputs: [
      {
        ...{ namespace: 'urn:tidemark:clickhouse', name: 'tidemark.jao_core_max_exchanges' },
        outputFacets: { outputStatistics: { ...facet, rowCount: 3_750 } },
      },
      { namespace: 'urn:tidemark:kafka', name: 'jao.timeseries', facets: { schema: facet } },
    ],
  })
})

test('a window that nobody can judge is not said to be incomplete', () => {
  const facets = eventOf({ ...complete, class: 'unknown', flags: {} }).inputs[0]?.inputFacets
  expect(facets).toMatchObject({ dataQualityAssertions: { assertions: [] } })
})

test('a refused answer is a FAIL event with the reason, and without what it did not write', () => {
  const event = eventOf(failed)
  expect(event).toMatchObject({ eventType: 'FAIL', run: { facets: { errorMessage: { message: 'refused: schema' } } } })
  expect(event.inputs[0]).not.toHaveProperty('inputFacets')
  for (const output of event.outputs) expect(output).not.toHaveProperty('outputFacets')
})

test('the tables of a dataset without a view, and of one with records of its own', () => {
  const tables = (dataset: string) => eventOf({ ...complete, dataset }).outputs.map(({ name }) => name)
  expect(tables('cryptowatch.markets')).toEqual(['tidemark.latest', 'cryptowatch.timeseries'])
  expect(tables('votes.votes')).toEqual(['blog_analysis.votes', 'votes.batches'])
  expect(tables('jao.core.finalComputation')).toEqual(['tidemark.jao_core_final_computation', 'jao.constraints'])
})

test('the same run has the same id; another answer, version, outcome, selector or place has another one', () => {
  const idOf = (over: Partial<Run>, addresses = nowhere): string =>
    eventOf({ ...complete, ...over }, addresses).run.runId
  expect(idOf({})).toBe(idOf({ answers: 9, points: 1, class: null, flags: {} }))
  const others = [
    ...[idOf({}), idOf({ raw: { partition: 1, offset: 18, sha256: hash } }), idOf({ transformVersion: 3 })],
    ...[idOf({ outcome: 'failed' }), idOf({ selector: 'a' }), idOf({ dataset: 'jao.core.atc' })],
    ...[idOf({ startMs: 0 }), idOf({ upstream: 'simulated' }), idOf({}, somewhere)],
  ]
  expect(new Set(others).size).toBe(others.length)
})

test('public addresses are the namespaces', () => {
  const { inputs, outputs } = eventOf(complete, somewhere)
  expect([...inputs, ...outputs].map(({ namespace, name }) => `${namespace} ${name}`)).toEqual([
    'kafka://kafka.example.org:9094 jao.raw',
    'clickhouse://store.example.org:8443 tidemark.jao_core_max_exchanges',
    'kafka://kafka.example.org:9094 jao.timeseries',
  ])
})

test('a UUID of version 5 is that of RFC 9562', () => {
  // Appendix A.4: the name www.example.com in the namespace of domain names.
  expect(uuidOf('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2')
})
