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
 * Returns IF1-FR-GB.offeredCapacity. From the second auction on, with its number: IF1-FR-GB#02.offeredCapacity. With a
 * product: DE-CH/BASE.auctionPrice.
 */
export function keyOf({ corridorCode, identification }: Auction, product: string | undefined, metric: Metric): string {
  const number = /-(\d\d)$/.exec(identification)?.[1] ?? '01'
  const second = number === '01' || number === '00' ? '' : `#${number}`
  return `${corridorCode}${second}${product === undefined ? '' : `/${product}`}.${metric}`
}

/** Returns a product's name without padding: B01 for B01-------. */
export const productName = ({ productIdentification }: Result): string =>
  (productIdentification ?? '').replace(/-+$/, '').replace(/[^A-Za-z0-9_*+-]/g, '_') || 'unnamed'

export const unitOf = (key: string): string => metrics[pattern.exec(key)?.[4] as Metric] ?? 'MW'

/** Labels: corridor, metric; auction and product if the key has them; from and to if the corridor ends in two zones. */
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
