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
 * IF1-FR-GB.offeredCapacity; IF1-FR-GB#02.offeredCapacity for a second auction; DE-CH/BASE.auctionPrice for a product.
 */
export function keyOf({ corridorCode, identification }: Auction, product: string | undefined, metric: Metric): string {
  const number = /-(\d\d)$/.exec(identification)?.[1] ?? '01'
  const second = number === '01' || number === '00' ? '' : `#${number}`
  return `${corridorCode}${second}${product === undefined ? '' : `/${product}`}.${metric}`
}

/** Removes the padding: B01------- becomes B01. */
export const productName = ({ productIdentification }: Result): string =>
  (productIdentification ?? '').replace(/-+$/, '').replace(/[^A-Za-z0-9_*+-]/g, '_') || 'unnamed'

export const unitOf = (key: string): string => metrics[pattern.exec(key)?.[4] as Metric] ?? 'MW'

/** Labels: corridor and metric, auction and product if the key names them, from and to if the corridor ends in them. */
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
