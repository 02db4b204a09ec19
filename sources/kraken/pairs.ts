// Kraken's names of markets. Names of older markets have a class letter before an older currency (X for coins, Z for
// money): XBTUSD is answered as XXBTZUSD, but USDTUSD as USDTZUSD and XBTUSDT as XBTUSDT.
import { cutAtQuote, type Pair, type Spelling } from '../markets/pair.ts'

const classed: Record<string, string> = {
  ...withClass('X', ['XBT', 'ETH', 'LTC', 'XRP', 'XLM', 'XMR', 'XDG', 'ZEC', 'ETC', 'REP', 'MLN']),
  ...withClass('Z', ['USD', 'EUR', 'GBP', 'CAD', 'JPY', 'AUD']),
}

function withClass(letter: string, names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [letter + name, name]))
}

const commonNames: Record<string, string> = { XBT: 'BTC', XDG: 'DOGE' }
const krakenNames = Object.fromEntries(Object.entries(commonNames).map(([kraken, common]) => [common, kraken]))

const quotes = ['USDT', 'USDC', 'USD', 'EUR', 'GBP', 'CAD', 'JPY', 'AUD', 'CHF', 'XBT', 'BTC', 'ETH', 'DAI']
const longestFirst = [...quotes].sort((a, b) => b.length - a.length)
const classedQuotes = Object.keys(classed)

function cut(market: string): Pair | undefined {
  const old = cutAtQuote(market, classedQuotes)
  // XTZUSD is XTZ and USD, not XT and ZUSD. Both currencies have a class letter, except in USDTZUSD.
  if (old && (old.base in classed || old.base === 'USDT')) {
    return { base: classed[old.base] ?? old.base, quote: classed[old.quote] ?? old.quote }
  }
  const plain = cutAtQuote(market, longestFirst)
  return plain && { base: krakenNames[plain.base] ?? plain.base, quote: krakenNames[plain.quote] ?? plain.quote }
}

/** Returns the symbol to request: XBTUSD for XXBTZUSD. All spellings of a market have the same symbol. */
export function requestSymbol(market: string): string {
  const pair = cut(market)
  return pair ? pair.base + pair.quote : market
}

export const krakenSpelling: Spelling = {
  requestSymbol,
  pairOf: (market) => {
    const pair = cut(market)
    return pair && { base: commonNames[pair.base] ?? pair.base, quote: commonNames[pair.quote] ?? pair.quote }
  },
}
