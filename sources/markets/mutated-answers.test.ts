import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { binanceTicker24hr } from '../binance/ticker-24hr.ts'
import { coinbaseStats, coinbaseTicker } from '../coinbase/products.ts'
import { krakenTicker } from '../kraken/ticker.ts'
import type { Dataset } from '../source.ts'

const kraken = (last: string) => ({
  a: ['2.0'],
  b: ['1.0'],
  c: [last, '1'],
  v: ['1', '2'],
  p: ['1', '2'],
  t: [1, 2],
  l: ['1', '1'],
  h: ['2', '2'],
  o: '1',
})
const binance = (symbol: string) => ({
  symbol,
  lastPrice: '1.5',
  bidPrice: '1.4',
  priceChange: '-0.1',
  count: 3,
  closeTime: 1.6e12,
})
const good: [Dataset, string, unknown][] = [
  [krakenTicker, 'XBTUSD,ETHUSD', { error: [], result: { XXBTZUSD: kraken('1.5'), XETHZUSD: kraken('1.6') } }],
  [binanceTicker24hr, 'BTCUSDT,ETHUSDT', [binance('BTCUSDT'), binance('ETHUSDT')]],
  [coinbaseTicker, 'BTC-USD', { ask: '2', bid: '1', volume: '7', price: '1.5', time: '2026-11-20T12:00:00Z' }],
  [coinbaseStats, 'BTC-USD', { open: '1', high: '2', low: '1', volume: '7', last: '1.5', volume_30day: '70' }],
]
const reasons = ['not-json', 'schema', 'type', 'conflicting-rows', 'upstream-rejected', 'too-many-keys']
const window = { startMs: Date.parse('2026-11-20T12:00:00Z'), endMs: Date.parse('2026-11-20T12:00:10Z') }

/** Any input gives valid slices or a refusal, and assess agrees. explode never throws. */
function check(dataset: Dataset, body: Uint8Array, selector: string | null): void {
  const { slices, refusal, refusedParts = [] } = dataset.explode({ body, status: 200, window, selector })
  if (refusal) expect(slices).toEqual([])
  for (const { reason, message } of [...(refusal ? [refusal] : []), ...refusedParts.map((part) => part.refusal)]) {
    expect(reasons).toContain(reason)
    expect(message).toMatch(/^[^\p{Cc}]+$/u)
    expect(message.length).toBeLessThan(700)
  }
  for (const { key, values, startMs, stepS, flags } of slices) {
    expect(values).toHaveLength(1)
    expect(values[0] === null || Number.isFinite(values[0])).toBe(true)
    expect({ startMs, stepS }).toEqual({ startMs: window.startMs, stepS: 10 })
    expect(['implausible', 'unreadable', ...dataset.checks!.map(({ flag }) => flag)]).toEqual(
      expect.arrayContaining(flags),
    )
    if (flags.includes('unreadable')) expect(values).toEqual([null])
    expect(dataset.labels(key)).toMatchObject({ market: key.slice(0, key.lastIndexOf('.')) })
    expect(dataset.place!({ body, status: 200, window, selector }, key, window.startMs)).toBeDefined()
  }
  expect(new Set(slices.map(({ key }) => key)).size).toBe(slices.length)
  const seen = () => dataset.asking!.assess(body, { window, selector })
  if (refusal?.reason === 'upstream-rejected') expect(seen()).toEqual(refusal)
  else if (refusal) expect(seen).toThrow(refusal.reason)
  else expect(['complete', 'partial', 'empty']).toContain(seen())
}

describe.each(good)('$name', (dataset, selector, answer) => {
  it('reads the answer that is changed here', () => {
    const { slices, refusal } = dataset.explode({
      body: Buffer.from(JSON.stringify(answer)),
      status: 200,
      window,
      selector,
    })
    expect(refusal).toBeUndefined()
    expect(slices.length).toBeGreaterThan(3)
  })

  it('survives any value in any place', () => {
    const paths = pathsOf(answer)
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), fc.boolean(), (path, value, drop) => {
        const changed = structuredClone(answer)
        replace(changed, path, value, drop)
        check(dataset, Buffer.from(JSON.stringify(path.length === 0 ? value : changed)), selector)
      }),
      { numRuns: 400 },
    )
  })

  it('survives any bytes in any place, and any selector', () => {
    const bytes = Buffer.from(JSON.stringify(answer))
    const cuts = fc.record({ at: fc.nat(bytes.length), length: fc.nat(12), put: fc.uint8Array({ maxLength: 12 }) })
    fc.assert(
      fc.property(fc.array(cuts, { maxLength: 3 }), fc.option(fc.string()), (changes, other) => {
        const body = changes.reduce<Buffer>(
          (before, { at, length, put }) => Buffer.concat([before.subarray(0, at), put, before.subarray(at + length)]),
          bytes,
        )
        check(dataset, body, other ?? selector)
        check(dataset, body, null)
      }),
      { numRuns: 400 },
    )
  })
})

type Path = (string | number)[]

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([name, inner]) => pathsOf(inner, [...path, name]))]
}

function replace(root: unknown, path: Path, value: unknown, drop: boolean): void {
  const last = path.at(-1)
  if (last === undefined) return
  const parent = path.slice(0, -1).reduce<Record<string, unknown>>((at, step) => at[step] as never, root as never)
  if (drop) delete parent[last]
  else parent[last] = value
}
