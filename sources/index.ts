import { binance } from './binance/binance.ts'
import { coinbase } from './coinbase/coinbase.ts'
import { cryptowatch } from './cryptowatch/cryptowatch.ts'
import { jao } from './jao/jao.ts'
import { jaoAuctions } from './jao-auctions/jao-auctions.ts'
import { kraken } from './kraken/kraken.ts'
import type { Source } from './source.ts'
import { votes } from './votes/votes.ts'

export const sources: Source[] = [jao, jaoAuctions, kraken, binance, coinbase, cryptowatch, votes]
