// How Kraken spells its markets. Older currencies have a class letter in front (X: coins, Z: money) in the names of older
// markets: XBTUSD is answered as XXBTZUSD, but USDTUSD as USDTZUSD and XBTUSDT as XBTUSDT.
import { cutAtQuote, type Pair, type Spelling } from '../markets/pair.ts'

/** The older currencies, as they are spelled in the names of older markets. */
const classed: Record<string, string> = {
  ...withClass('X', ['XBT', 'ETH', 'LTC', 'XRP', 'XLM', 'XMR', 'XDG', 'ZEC', 'ETC', 'REP', 'MLN']),
  ...withClass('Z', ['USD', 'EUR', 'GBP', 'CAD', 'JPY', 'AUD']),
}

function withClass(letter: string, names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [letter + name, name]))
}

/** Kraken's names for what everybody else calls otherwise. */
const commonNames: Record<string, string> = { XBT: 'BTC', XDG: 'DOGE' }
const krakenNames = Object.fromEntries(Object.entries(commonNames).map(([kraken, common]) => [common, kraken]))

const quotes = ['USDT', 'USDC', 'USD', 'EUR', 'GBP', 'CAD', 'JPY', 'AUD', 'CHF', 'XBT', 'BTC', 'ETH', 'DAI']
const longestFirst = [...quotes].sort((a, b) => b.length - a.length)
const classedQuotes = Object.keys(classed)

/** Currencies of a market by Kraken's own names, without class letters. */
function cut(market: string): Pair | undefined {
  const old = cutAtQuote(market, classedQuotes)
  // XTZUSD is XTZ and USD, not XT and ZUSD: class letters come in pairs, but for USDTZUSD.
  if (old && (old.base in classed || old.base === 'USDT')) {
    return { base: classed[old.base] ?? old.base, quote: classed[old.quote] ?? old.quote }
  }
  const plain = cutAtQuote(market, longestFirst)
  return plain && { base: krakenNames[plain.base] ?? plain.base, quote: krakenNames[plain.quote] ?? plain.quote }
}

/** How Kraken is asked for a market: without class letters, and the same for all of its spellings. */
export function askedAs(market: string): string {
  const pair = cut(market)
  return pair ? pair.base + pair.quote : market
}

export const krakenSpelling: Spelling = {
  askedAs,
  pairOf: (market) => {
    const pair = cut(market)
    return pair && { base: commonNames[pair.base] ?? pair.base, quote: commonNames[pair.quote] ?? pair.quote }
  },
}
