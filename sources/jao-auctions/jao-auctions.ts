// Explicit auctions of cross-border capacity: the price, and the capacities offered, requested and allocated.
// Source: https://api.jao.eu/OWSMP/getauctions, with a personal key in the header AUTH_API_KEY (a form on
// https://www.jao.eu/get-token). The licence terms come with the key.
// Schedule: daily auctions are held on the morning before delivery, others weeks before. lastDataUpdate shows
// corrections.
// Quirks: dates are UTC, at most 31 days apart. They select by the start of the market period, which is local midnight
// (22:00 or 23:00 UTC). Without a result the status is 400 ("No Data found"). Results are unordered. Hours are Brussels
// time, and the second 02:00 of the long day is `02:00-03:00*`. No answer for more than a day was recorded.

import { deliveryView } from '../answers/delivery-view.ts'
import { neverSeen, type Unscheduled } from '../calendar.ts'
import type { Dataset, RequestTarget, Source } from '../source.ts'
import { assessAuctions, explodeAuctions, type Products } from './explode.ts'
import { labelsOf, metrics, unitOf } from './keys.ts'
import { zone } from './market-time.ts'
import { auctionsPath, auctionsSite, datesOf } from './site.ts'

interface Horizon {
  name: string
  horizon: string
  window: 'day' | 'month'
  products: Products
  recorded: boolean
  stepS: number
  searchFrom: string
  expected: Unscheduled
  /** Results may exist this many days before the day before delivery. Default 0. */
  daysAhead?: number
  /** Why the number of keys of a window varies. */
  keysVary?: string
  description: string
}

const hourS = 3_600
const dayS = 24 * hourS

const otherProducts = 'each auction has products of its own'

const horizons: Horizon[] = [
  {
    ...{ name: 'daily', horizon: 'Daily', window: 'day', products: 'hours', recorded: true, stepS: hourS },
    searchFrom: '08:00',
    // Each recorded answer has one auction, so four keys. Recorded answers say 09:55 for EL1 and 10:05 for IF1. DE-CH had no auction on 2 of 1,860 days.
    expected: { notKnown: 'each corridor has a time of its own, and some days have no auction' },
    description: 'Auctions of the day before delivery, one product an hour.',
  },
  {
    ...{ name: 'intraday', horizon: 'Intraday', window: 'day', products: 'hours', recorded: false, stepS: hourS },
    ...{ searchFrom: '18:00', expected: neverSeen, keysVary: 'not every auction is held on every day' },
    description: 'Auctions of the day of delivery and the evening before it. Several a day for some corridors.',
  },
  {
    ...{ name: 'monthly', horizon: 'Monthly', window: 'month', products: 'period', recorded: false, stepS: 30 * dayS },
    ...{ searchFrom: '12:00', expected: neverSeen, daysAhead: 20, keysVary: otherProducts },
    description: 'Auctions of a month: one value over the whole month, at its beginning.',
  },
  {
    ...{
      name: 'seasonal',
      horizon: 'Seasonal',
      window: 'month',
      products: 'period',
      recorded: false,
      stepS: 91 * dayS,
    },
    ...{ searchFrom: '12:00', expected: neverSeen, daysAhead: 60, keysVary: otherProducts },
    description: 'Auctions of a season: one value over the whole season, at its beginning.',
  },
  {
    ...{ name: 'yearly', horizon: 'Yearly', window: 'month', products: 'period', recorded: false, stepS: 365 * dayS },
    ...{ searchFrom: '12:00', expected: neverSeen, daysAhead: 60, keysVary: otherProducts },
    description: 'Auctions of a year: one value over the whole year, at its beginning.',
  },
]

const corridors = {
  setting: 'JAO_AUCTIONS_CORRIDORS',
  default: ['IF1-FR-GB', 'IF1-GB-FR', 'EL1-FR-GB', 'EL1-GB-FR', 'DE-CH', 'CH-DE'],
  pattern: /^[A-Za-z0-9()_-]{2,40}$/,
  perRequest: 1,
}

const labelMeanings = {
  corridor: 'the corridor, as upstream calls it',
  from: 'the exporting zone',
  to: 'the importing zone',
  auction: 'number of the auction, where it is not the first of its time',
  product: 'name of the product, where an auction has several',
  metric: Object.keys(metrics).join(', '),
}

const unit = 'MW, of auctionPrice EUR/MWh'

function auctionsDataset({
  horizon,
  products,
  window,
  stepS,
  searchFrom,
  daysAhead = 0,
  keysVary,
  ...rest
}: Horizon): Dataset {
  const name = `jao-auctions.${rest.name}`
  return {
    name,
    title: `${horizon} capacity auctions`,
    description: `${rest.description} Capacities offered, requested and allocated, and the price.`,
    page: 'https://www.jao.eu/auctions',
    shape: rest.recorded ? 'recorded' : 'documented',
    unit,
    unitOf,
    steps: [{ fromMs: Date.parse('2018-12-31T23:00:00Z'), stepS }],
    keys: {
      pattern:
        '<corridor>.<metric>; <corridor>#<auction>.<metric>, <corridor>/<product>.<metric> where there are several',
      example: 'IF1-FR-GB.offeredCapacity',
      labels: labelMeanings,
    },
    expectations: [
      'no more is allocated than offered',
      'results of one time that differ are refused; the same ones twice are counted',
      'every result has a figure: until then the answer is partial',
      'slices of a cancelled auction have the flag cancelled',
    ],
    ...(keysVary === undefined ? {} : { keysVary }),
    transformVersion: 2,
    schedule: rest.recorded ? 'auto' : 'on-demand',
    calendar: {
      kind: 'days',
      window,
      zone,
      firstDay: '2019-01-01',
      searchFrom,
      ...ahead(daysAhead),
      expected: rest.expected,
    },
    asking: {
      autoBackfill: false,
      meaningfulStatuses: [400],
      maxBodyBytes: 6 * 1024 * 1024,
      selectors: corridors,
      requestPath: (asked) => requestPath(horizon, asked),
      assess: (body, asked) => assessAuctions(products, body, asked),
    },
    explode: (answer) => explodeAuctions(products, answer),
    labels: labelsOf,
    view: deliveryView(name, Object.keys(labelMeanings), unit),
  }
}

const ahead = (days: number) => (days === 0 ? {} : { searchDaysLater: -days })

function requestPath(horizon: string, { window, selector }: RequestTarget): string {
  const query = new URLSearchParams({
    corridor: selector ?? '',
    ...datesOf(window),
    horizon,
    shadow: '0',
  })
  return `${auctionsPath}?${query}`
}

/** JAO's auction API. Limit: 100 requests a minute (API_User_Guide_v1.0). */
export const jaoAuctions: Source = {
  name: 'jao-auctions',
  title: 'JAO capacity auctions',
  owner: 'tidemark',
  licence: {
    terms: 'free of charge with a key of one’s own; the terms come with it',
    link: 'https://www.jao.eu/get-token',
  },
  upstream: {
    baseUrl: { default: 'https://api.jao.eu', setting: 'JAO_AUCTIONS_BASE_URL' },
    budget: { perMinute: 100, burst: 2, refillPerMinute: 96, maxInFlight: 4 },
    credential: {
      header: 'AUTH_API_KEY',
      setting: 'JAO_AUCTIONS_API_KEY',
      obtainFrom: 'fill in the form on https://www.jao.eu/get-token; the key comes by mail',
    },
  },
  datasets: horizons.map(auctionsDataset),
  site: auctionsSite(
    horizons.map(({ name, horizon, window }) => ({ dataset: `jao-auctions.${name}`, horizon, window })),
    corridors.pattern,
  ),
}
