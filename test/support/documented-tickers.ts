// Answers in the documented form: one market of Kraken, and ticker and stats of one product of Coinbase.

export const krakenMarket = {
  a: ['101.1', '1', '1.000'],
  b: ['100.9', '1', '1.000'],
  c: ['101.0', '0.5'],
  v: ['1.0', '2.5'],
  p: ['100.0', '100.5'],
  t: [3, 7],
  l: ['99.0', '98.5'],
  h: ['102.0', '103.0'],
  o: '99.5',
}

export const coinbaseTrade = {
  ask: '6267.71',
  bid: '6265.15',
  volume: '53602.03940154',
  trade_id: 86326522,
  price: '6268.48',
  size: '0.00698254',
  time: '2020-03-20T00:22:57.833Z',
}

export const coinbaseStats24h = {
  open: '5414.18000000',
  high: '6441.37000000',
  low: '5261.69000000',
  volume: '53687.76764233',
  last: '6250.02000000',
  volume_30day: '786763.72930864',
}
