/** Each part of a stack listens on --port-base plus its offset. */
const offsets = {
  kafka: { offset: 0, title: 'Kafka' },
  registry: { offset: 1, title: 'schema registry' },
  clickhouse: { offset: 2, title: 'ClickHouse' },
  controller: { offset: 3, title: 'Kafka controller' },
  simulator: { offset: 4, title: 'simulator' },
  'jao-auctions': { offset: 5, title: 'simulator of jao-auctions' },
  kraken: { offset: 6, title: 'simulator of kraken' },
  binance: { offset: 7, title: 'simulator of binance' },
  coinbase: { offset: 8, title: 'simulator of coinbase' },
  poller: { offset: 10, title: 'health of the poller' },
  normalizer: { offset: 11, title: 'health of the normalizer' },
  sink: { offset: 12, title: 'health of the sink' },
  monitor: { offset: 13, title: 'health of the monitor' },
  alerter: { offset: 17, title: 'health of the alerter' },
  api: { offset: 16, title: 'health of the API' },
  web: { offset: 9, title: 'API' },
}

export type PortName = keyof typeof offsets
export type Ports = Record<PortName, number>

export const defaultPortBase = 17_300
export const portsOfAStack = 20

export function portsFrom(base: number): Ports {
  const ports = Object.entries(offsets).map(([name, { offset }]) => [name, base + offset])
  return Object.fromEntries(ports) as Ports
}

export const portTitle = (name: PortName): string => offsets[name].title
