import { hashText, mixFraction } from '../hash.ts'

export const EXCHANGES = ['kraken', 'binance', 'coinbase'] as const
export type ExchangeName = (typeof EXCHANGES)[number]

export type Market = {
  /** The name in requests: XBTUSD, BTCUSDT, BTC-USD. */
  readonly name: string
  /** The name in answers. It differs for Kraken's older markets: XXBTZUSD. */
  readonly answered: string
  readonly hash: number
  /** The mean price in the quote currency. */
  readonly price: number
  readonly decimals: number
  /** Standard deviation of the logarithm of the price after one second. */
  readonly volatility: number
  readonly paceS: number
  readonly turnover: number
}

const PRICES: Readonly<Record<string, number>> = {
  BTC: 83_000, ETH: 1_900, SOL: 130, XRP: 2.2, ADA: 0.7, DOGE: 0.17, LTC: 85, DOT: 4.2, LINK: 13.5, AVAX: 19,
  ATOM: 4.5, UNI: 6, ALGO: 0.18, BCH: 310, ETC: 16.5, FIL: 2.8, NEAR: 2.6, XLM: 0.27, TRX: 0.23, SHIB: 0.0000125,
} // biome-ignore format: a table

/** Kraken's own names of currencies. */
const KRAKEN_SPELLS: Readonly<Record<string, string>> = { BTC: 'XBT', DOGE: 'XDG' }
/** Currencies that Kraken's answers write with an X, and the quote with a Z: XXBTZUSD. */
const KRAKEN_OLD: ReadonlySet<string> = new Set(['XBT', 'ETH', 'LTC', 'XRP', 'XLM', 'ETC'])
const QUOTES = { kraken: ['USD', 'EUR'], binance: ['USDT', 'EUR'], coinbase: ['USD', 'EUR'] }
const PACES_S = [1, 1, 2, 5, 30, 900]
const DAILY = 1 / Math.sqrt(86_400)

/** Returns at most `count` markets: first well-known ones, then SIM001 and so on. */
export function marketsOf(exchange: ExchangeName, seed: number, count: number): Market[] {
  const quotes = QUOTES[exchange]
  const known = quotes.flatMap((quote) => Object.keys(PRICES).map((base) => ({ base, quote })))
  const made = Array.from({ length: Math.max(0, count - known.length) }, (_, number) => ({
    base: `SIM${String(number + 1).padStart(3, '0')}`,
    quote: quotes[0] ?? 'USD',
  }))
  return [...known, ...made].slice(0, count).map(({ base, quote }) => market(exchange, seed, base, quote))
}

function market(exchange: ExchangeName, seed: number, base: string, quote: string): Market {
  const { name, answered } = names(exchange, base, quote)
  const hash = hashText(`${exchange} ${name}`)
  const drawn = (salt: number) => mixFraction(seed, hash, salt)
  const well = base in PRICES
  const price = PRICES[base] ?? 10 ** (7 * drawn(1) - 4)
  return {
    name,
    answered,
    hash,
    price,
    decimals: Math.min(8, Math.max(1, Math.ceil(5 - Math.log10(price)))),
    volatility: (0.01 + 0.05 * drawn(2)) * DAILY,
    paceS: well ? 1 : (PACES_S[Math.floor(drawn(3) * PACES_S.length)] ?? 1),
    turnover: 10 ** ((well ? 6 : 3) + 3 * drawn(4)),
  }
}

function names(exchange: ExchangeName, base: string, quote: string): { name: string; answered: string } {
  if (exchange === 'binance') return { name: base + quote, answered: base + quote }
  if (exchange === 'coinbase') return { name: `${base}-${quote}`, answered: `${base}-${quote}` }
  const spelt = KRAKEN_SPELLS[base] ?? base
  return { name: spelt + quote, answered: KRAKEN_OLD.has(spelt) ? `X${spelt}Z${quote}` : spelt + quote }
}
