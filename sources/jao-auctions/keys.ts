import type { Auction, Result } from './auctions.ts'

/** What an auction tells of each product, and in which unit. */
export const metrics = {
  offeredCapacity: 'MW',
  requestedCapacity: 'MW',
  allocatedCapacity: 'MW',
  auctionPrice: 'EUR/MWh',
} as const
export type Metric = keyof typeof metrics
export const metricNames = Object.keys(metrics) as Metric[]

/** <corridor>[#<auction>][/<product>].<metric> */
const pattern = /^([A-Za-z0-9()_-]+)(?:#(\d\d))?(?:\/([^/]+))?\.([a-zA-Z]+)$/

/**
 * The key of a metric: IF1-FR-GB.offeredCapacity. A second auction of the same corridor and time has its number in it
 * (IF1-FR-GB#02.offeredCapacity), and a product its name where an auction has several (DE-CH/BASE.auctionPrice).
 */
export function keyOf({ corridorCode, identification }: Auction, product: string | undefined, metric: Metric): string {
  const number = /-(\d\d)$/.exec(identification)?.[1] ?? '01'
  const second = number === '01' || number === '00' ? '' : `#${number}`
  return `${corridorCode}${second}${product === undefined ? '' : `/${product}`}.${metric}`
}

/** The name of a product without what fills it up: B01------- is B01. */
export const productName = ({ productIdentification }: Result): string =>
  (productIdentification ?? '').replace(/-+$/, '').replace(/[^A-Za-z0-9_*+-]/g, '_') || 'unnamed'

export const unitOf = (key: string): string => metrics[pattern.exec(key)?.[4] as Metric] ?? 'MW'

/** corridor, metric, and where the key names them auction and product; from and to where the corridor is <line>-<from>-<to>. */
export function labelsOf(key: string): Record<string, string> {
  const [, corridor, auction, product, metric] = pattern.exec(key) ?? []
  if (corridor === undefined || metric === undefined) return {}
  const [, from, to] =
    /(?:^|-)([A-Z0-9]{2,3}(?:\([A-Za-z0-9]+\))?)-([A-Z0-9]{2,3}(?:\([A-Za-z0-9]+\))?)$/.exec(corridor) ?? []
  return {
    corridor,
    ...(from !== undefined && to !== undefined ? { from, to } : {}),
    ...(auction === undefined ? {} : { auction }),
    ...(product === undefined ? {} : { product }),
    metric,
  }
}
