import type { Dataset, DeclaredStep, RequestSpec, Selectors } from '../source.ts'
import { tickerChecks } from './across-checks.ts'
import { tickerView } from './friendly-view.ts'
import type { Ticker } from './market-slices.ts'
import { keysDeclared, marketLabels, type Spelling, unitOfKey } from './pair.ts'
import { priceChecks } from './price-checks.ts'
import { assessTicker, explodeTicker, placeInTicker } from './ticker.ts'

export interface TickerDataset {
  name: string
  title: string
  description: string
  page: string
  shape: Dataset['shape']
  example: string
  ticker: Ticker
  spelling: Spelling
  /** Prefix of the exchange's environment variables: KRAKEN for KRAKEN_SYMBOLS and KRAKEN_EVERY_S. */
  settings: string
  selectors: Omit<Selectors, 'setting'>
  requestPath: RequestSpec['requestPath']
  expectations: string[]
  transformVersion: number
}

/** Source.retention of every exchange. */
export const retention = { rawDays: 30 }
const keptShort =
  'Answers are kept for 30 days (zstd): a replay or a rebuild reaches no further back, older points stay as they were read.'

export const figuresExpected = [
  'numbers are decimal texts, counts of trades whole numbers: a figure that is none is refused alone',
  'an empty text is a null with the flag unreadable',
  'no price is 0, nothing but a change is negative: flag implausible',
]

const every10s: DeclaredStep[] = [{ fromMs: Date.parse('2013-01-01T00:00:00Z'), stepS: 10 }]

export function tickerDataset(declared: TickerDataset): Dataset {
  const { name, title, page, shape, ticker, spelling, settings, transformVersion } = declared
  const checks = priceChecks(Object.keys(ticker.places))
  return {
    ...{ name, title, page, shape, checks, transformVersion },
    acrossAnswers: tickerChecks(Object.keys(ticker.places), declared.selectors.perRequest),
    description: `${declared.description} ${keptShort}`,
    unit: 'the currency of the market that the metric counts',
    unitOf: (key) => unitOfKey(spelling, key),
    steps: every10s,
    keys: keysDeclared(declared.example, ticker.places),
    expectations: [...declared.expectations, keptShort],
    schedule: 'auto',
    calendar: { kind: 'ticks', zone: 'UTC', every: { setting: `${settings}_EVERY_S`, defaultS: 10, minIntervalS: 1 } },
    asking: {
      autoBackfill: false,
      meaningfulStatuses: [],
      // An answer with all markets of Binance has about 2 MB.
      maxBodyBytes: 6 * 1024 * 1024,
      selectors: { ...declared.selectors, setting: `${settings}_SYMBOLS` },
      requestPath: declared.requestPath,
      assess: (body, about) => assessTicker(ticker, body, about),
    },
    explode: (answer) => explodeTicker(ticker, answer, checks),
    place: (answer, key) => placeInTicker(ticker, answer, key),
    labels: (key) => marketLabels(spelling, key),
    view: tickerView(name),
  }
}
