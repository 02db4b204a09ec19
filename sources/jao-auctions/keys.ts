import type { Auction, Result } from './auctions.ts'

export const metrics = {
  offeredCapacity: 'MW',
  requestedCapacity: 'MW',
  allocatedCapacity: 'MW',
  auctionPrice: 'EUR/MWh',
} as const
export type Metric = keyof typeof metrics
export const metricNames = Object.keys(metrics) as Metric[]

const pattern = /^([A-Za-z0-9()_-]+)(?:#(\d\d))?(?:\/([^/]+))?\.([a-zA-Z]+)$/

/**
 * Returns a key: IF1-FR-GB.offeredCapacity. If it is not the first auction of its time, its number is added:
 * IF1-FR-GB#02.offeredCapacity. If `product` is given, it is added: DE-CH/BASE.auctionPrice.
 */
export function keyOf({ corridorCode, identification }: Auction, product: string | undefined, metric: Metric): string {
  const number = /-(\d\d)$/.exec(identification)?.[1] ?? '01'
  const second = number === '01' || number === '00' ? '' : `#${number}`
  return `${corridorCode}${second}${product === undefined ? '' : `/${product}`}.${metric}`
}

/** Returns the name of a result's product without padding: B01 for B01-------. */
export const productName = ({ productIdentification }: Result): string =>
  (productIdentification ?? '').replace(/-+$/, '').replace(/[^A-Za-z0-9_*+-]/g, '_') || 'unnamed'

export const unitOf = (key: string): string => metrics[pattern.exec(key)?.[4] as Metric] ?? 'MW'

/**
 * Returns the labels corridor and metric; auction and product if the key has them; from and to if the corridor ends in
 * two zones. Returns {} for an invalid key.
 */
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
