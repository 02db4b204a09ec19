import { describe, expect, it } from 'vitest'
import { krakenMarket as good } from '../../test/support/documented-tickers.ts'
import { recordedFile } from '../../test/support/recorded-file.ts'
import type { Slice } from '../source.ts'
import { krakenTicker } from './ticker.ts'

const window = { startMs: Date.parse('2026-11-20T12:00:00Z'), endMs: Date.parse('2026-11-20T12:00:10Z') }
const explode = (body: Uint8Array, selector: string | null = 'XBTUSD') =>
  krakenTicker.explode({ body, status: 200, window, selector })
const assess = (body: Uint8Array, selector = 'XBTUSD') => krakenTicker.asking!.assess(body, { window, selector })
const valuesOf = (slices: Slice[]) => Object.fromEntries(slices.map(({ key, values }) => [key, values[0]]))
const answer = (result: unknown, error: unknown = []) => Buffer.from(JSON.stringify({ error, result }))

describe('recorded answers', () => {
  // Read from the files by eye: the last 24 hours are the second of two figures.
  const expected: Record<string, Record<string, number>> = {
    'kraken_ticker_2015.json': {
      'XXBTZUSD.last': 229.7148,
      'XXBTZUSD.bid': 228.0326,
      'XXBTZUSD.ask': 228.8054,
      'XXBTZUSD.open': 224.49439,
      'XXBTZUSD.high': 243.3788,
      'XXBTZUSD.low': 223.11341,
      'XXBTZUSD.vwap': 231.35622,
      'XXBTZUSD.volume': 116.7219673,
      'XXBTZUSD.trades': 310,
    },
    'kraken_ticker_2023-05.json': {
      'XXBTZUSD.last': 27712.1,
      'XXBTZUSD.bid': 27712,
      'XXBTZUSD.ask': 27712.1,
      'XXBTZUSD.open': 27428.2,
      'XXBTZUSD.high': 27826.3,
      'XXBTZUSD.low': 27229.8,
      'XXBTZUSD.vwap': 27478.05822,
      'XXBTZUSD.volume': 1686.74719574,
      'XXBTZUSD.trades': 23808,
    },
    'kraken_ticker_2025.json': {
      'XXBTZUSD.last': 82998.9,
      'XXBTZUSD.bid': 82998.9,
      'XXBTZUSD.ask': 82999,
      'XXBTZUSD.open': 83462.7,
      'XXBTZUSD.high': 84338.1,
      'XXBTZUSD.low': 82566.4,
      'XXBTZUSD.vwap': 83278.12284,
      'XXBTZUSD.volume': 2862.86180275,
      'XXBTZUSD.trades': 153218,
    },
  }
  it.each(Object.keys(expected))('%s', (file) => {
    const body = recordedFile(`cryptowatch/${file}`)
    if (!body) return expect(body, 'recordings are missing; said above').toBeUndefined()
    const { slices, refusal, refusedParts, ignored } = explode(body)
    expect({ refusal, refusedParts, ignored }).toEqual({ refusal: undefined, refusedParts: [], ignored: {} })
    expect(valuesOf(slices)).toEqual(expected[file])
    expect(assess(body)).toBe('complete')
    for (const slice of slices) expect(slice).toMatchObject({ startMs: window.startMs, stepS: 10, flags: [] })
  })
})

it('finds the place of every value in the bytes', () => {
  const body = answer({ XXBTZUSD: good })
  const json = JSON.parse(body.toString())
  for (const { key, values } of explode(body).slices) {
    const path = krakenTicker.place!({ body, status: 200, window }, key, window.startMs)!
    expect(Number(path.reduce((value, step) => value[step], json)), key).toBe(values[0])
  }
  for (const key of ['XXBTZUSD.change', 'XETHZUSD.last', 'XXBTZUSD', 'last', '__proto__.last']) {
    expect(krakenTicker.place!({ body, status: 200, window }, key, window.startMs)).toBeUndefined()
  }
})

it('asks for symbols together, or for all', () => {
  const path = (selector: string | null) => krakenTicker.asking!.requestPath({ window, selector })
  expect(path('XBTUSD,ETHUSD')).toBe('/0/public/Ticker?pair=XBTUSD,ETHUSD')
  expect([path('*'), path('XBTUSD,*'), path(null)]).toEqual(Array(3).fill('/0/public/Ticker'))
  const { pattern } = krakenTicker.asking!.selectors!
  expect(['XBTUSD', '*', 'XBTUSD.d', 'XBT/USD', '', '**', 'a&b'].map((one) => pattern.test(one))).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ])
})

describe('symbols asked and answered', () => {
  it('are the same market under both names', () => {
    const labels = (market: string) => krakenTicker.labels(`${market}.last`)
    expect(labels('XXBTZUSD')).toEqual({
      market: 'XXBTZUSD',
      metric: 'last',
      asked: 'XBTUSD',
      base: 'BTC',
      quote: 'USD',
    })
    expect(labels('XETHXXBT')).toMatchObject({ asked: 'ETHXBT', base: 'ETH', quote: 'BTC' })
    expect(labels('XDGUSD')).toMatchObject({ asked: 'XDGUSD', base: 'DOGE', quote: 'USD' })
    expect(labels('XTZUSD')).toMatchObject({ asked: 'XTZUSD', base: 'XTZ', quote: 'USD' })
    expect(labels('USDTZUSD')).toMatchObject({ asked: 'USDTUSD', base: 'USDT', quote: 'USD' })
    expect(labels('XBTUSDT')).toMatchObject({ asked: 'XBTUSDT', base: 'BTC', quote: 'USDT' })
    expect(labels('ZEURZUSD')).toMatchObject({ asked: 'EURUSD', base: 'EUR', quote: 'USD' })
    expect(labels('WHAT')).toEqual({ market: 'WHAT', metric: 'last', asked: 'WHAT' })
    expect(krakenTicker.labels('no key')).toEqual({})
  })

  it('that are not answered are counted, and the poll is partial', () => {
    const body = answer({ XXBTZUSD: good })
    expect(explode(body, 'XBTUSD,ETHUSD').ignored).toEqual({ 'asked-symbol-without-answer': 1 })
    expect(assess(body, 'XBTUSD,ETHUSD')).toBe('partial')
    for (const same of ['XBTUSD', 'XXBTZUSD', 'BTCUSD', '*']) expect(assess(body, same), same).toBe('complete')
  })
})

it('says the units by currency', () => {
  expect(['last', 'volume', 'trades'].map((metric) => krakenTicker.unitOf!(`XXBTZUSD.${metric}`))).toEqual([
    'USD',
    'BTC',
    'trades',
  ])
  expect(krakenTicker.unitOf!('WHAT.last')).toBe('quote currency')
})

describe('an answer that is not good', () => {
  it('with an error is refused with what Kraken says, and what to do', () => {
    const body = Buffer.from('{"error":["EQuery:Unknown asset pair"]}')
    const { slices, refusal } = explode(body, 'XBTUSD,NOSUCH')
    expect(slices).toEqual([])
    expect(refusal).toEqual({
      reason: 'upstream-rejected',
      message:
        'Kraken says ["EQuery:Unknown asset pair"]; asked was XBTUSD,NOSUCH: one of them is none of its markets, see KRAKEN_SYMBOLS',
    })
    expect(assess(body)).toEqual(explode(body).refusal)
  })

  it('with a warning only is taken', () => {
    expect(explode(answer({ XXBTZUSD: good }, ['WSomething:odd'])).slices).toHaveLength(9)
  })

  it.each(['NaN', '0x10', '1e999', '1,234.5', ' 1', true, ['1']])(
    '%j is no price, and costs no more than it',
    (price) => {
      const body = answer({ XXBTZUSD: { ...good, c: [price, '1'] } })
      const { slices, refusal, refusedParts } = explode(body)
      expect(refusal).toBeUndefined()
      const { 'XXBTZUSD.last': _, ...others } = valuesOf(explode(answer({ XXBTZUSD: good })).slices)
      expect(valuesOf(slices)).toEqual(others)
      const message = `c.0 of XXBTZUSD is no decimal number as text: ${JSON.stringify(price)}`
      expect(refusedParts?.map((part) => part.refusal)).toEqual([{ reason: 'type', message }])
      expect(assess(body)).toBe('partial')
    },
  )

  it('with infinity names it in the refusal', () => {
    const body = answer({ XXBTZUSD: { ...good, c: [1.5, '1'] } })
    const { refusedParts } = explode(Buffer.from(body.toString().replace('[1.5,', '[1e999,')))
    expect(refusedParts?.[0]?.refusal.message).toBe('c.0 of XXBTZUSD is no decimal number as text: Infinity')
    expect(explode(refusedParts![0]!.body).refusedParts).toEqual(refusedParts)
  })

  it('with an empty text, or nothing in place of a list, has a null there', () => {
    const body = answer({ XXBTZUSD: { ...good, c: ['', '1'], b: [' '], a: '', v: null } })
    const { slices, refusal, refusedParts } = explode(body)
    expect([refusal, refusedParts]).toEqual([undefined, []])
    expect(slices.filter(({ values }) => values[0] === null).map(({ key, flags }) => [key, flags])).toEqual([
      ['XXBTZUSD.last', ['unreadable']],
      ['XXBTZUSD.bid', ['unreadable']],
      ['XXBTZUSD.ask', ['unreadable']],
      ['XXBTZUSD.volume', []],
    ])
    expect([slices.length, assess(body)]).toEqual([9, 'partial'])
  })

  it('with nothing but nulls is partial', () => {
    const nulls = Object.fromEntries(Object.keys(good).map((name) => [name, [null, null]]))
    expect(assess(answer({ XXBTZUSD: { ...nulls, o: null } }))).toBe('partial')
    expect(assess(answer({ XXBTZUSD: { ...good, o: null } }))).toBe('complete')
    expect(assess(answer({ XXBTZUSD: { ...nulls, o: null }, XETHZUSD: good }), 'XBTUSD,ETHUSD')).toBe('partial')
  })

  it('in one figure loses that figure alone, and keeps its market as an answer of its own', () => {
    const bad = { ...good, t: ['3', 'seven'], l: ['1', 'NaN'] }
    const body = answer({ XXBTZUSD: good, XETHZUSD: bad })
    const { slices, refusal, refusedParts } = explode(body, '*')
    expect(refusal).toBeUndefined()
    const ofMarkets = Map.groupBy(slices, ({ key }) => key.split('.')[0])
    expect([...ofMarkets].map(([market, own]) => [market, own.length])).toEqual([
      ['XXBTZUSD', 9],
      ['XETHZUSD', 7],
    ])
    expect(refusedParts?.map((part) => part.refusal.message)).toEqual([
      'l.1 of XETHZUSD is no decimal number as text: "NaN"; t.1 of XETHZUSD is no whole number: "seven"',
    ])
    expect(JSON.parse(Buffer.from(refusedParts![0]!.body).toString())).toEqual({ error: [], result: { XETHZUSD: bad } })
    expect(assess(body, '*')).toBe('partial')
    const mended = Buffer.from(
      Buffer.from(refusedParts![0]!.body).toString().replace('"seven"', '7').replace('NaN', '98'),
    )
    expect(explode(mended, '*').slices).toHaveLength(9)
  })

  it('without a figure lacks that series; with a null it is a null', () => {
    const { o: _, ...without } = good
    const less = explode(answer({ XXBTZUSD: without }))
    expect([less.slices.length, less.ignored]).toEqual([8, { 'absent-metric': 1 }])
    const empty = explode(answer({ XXBTZUSD: { ...good, o: null } }))
    expect(valuesOf(empty.slices)['XXBTZUSD.open']).toBeNull()
    expect(explode(answer({ XXBTZUSD: { ...good, c: undefined } })).refusal?.reason).toBe('schema')
  })

  it('of which nothing can be stored is refused whole', () => {
    const { slices, refusal } = explode(answer({ XXBTZUSD: { c: ['x'] } }))
    expect([slices, refusal?.message]).toEqual([[], 'c.0 of XXBTZUSD is no decimal number as text: "x"'])
  })

  it('flags a price of 0, and no other figure of 0', () => {
    const idle = {
      a: ['0.0'],
      b: ['0'],
      c: ['0.0000'],
      v: ['0', '0.0'],
      p: ['0', '0E-8'],
      t: [0, 0],
      l: ['0', '0'],
      h: ['0', '0'],
    }
    const { slices } = explode(answer({ XXBTZUSD: { ...idle, o: 0 } }))
    expect(slices.map(({ values }) => values)).toEqual(new Array(9).fill([0]))
    const plausible = slices.filter(({ flags }) => flags.length === 0).map(({ key }) => key)
    expect(plausible).toEqual(['XXBTZUSD.volume', 'XXBTZUSD.trades'])
  })

  it('flags negative figures', () => {
    const { slices } = explode(answer({ XXBTZUSD: { ...good, b: ['-1.0'] } }))
    expect(slices.find(({ key }) => key === 'XXBTZUSD.bid')).toMatchObject({ values: [-1], flags: ['implausible'] })
  })

  it('of no JSON, no list of errors, no markets, or doubled names', () => {
    expect(explode(Buffer.from('<html>')).refusal?.reason).toBe('not-json')
    expect(explode(Buffer.from([0xff, 0x22])).refusal?.reason).toBe('not-json')
    for (const text of ['null', '[]', '{}', '7', '{"error":[],"result":[]}', '{"error":[]}']) {
      expect(explode(Buffer.from(text)).refusal?.reason, text).toBe('schema')
      expect(() => assess(Buffer.from(text)), text).toThrow(/schema/)
    }
    expect(explode(Buffer.from('{"error":[],"result":{"A":{},"A":{}}}')).refusal?.reason).toBe('schema')
    expect(explode(answer({ 'BAD NAME\n': good }), '*').refusal?.reason).toBe('schema')
    expect(assess(answer({}))).toBe('empty')
    expect(explode(answer({}))).toMatchObject({ slices: [], ignored: { 'asked-symbol-without-answer': 1 } })
  })
})
