import { quoteJson } from '../answers/refusal.ts'
import { problem } from '../answers/site-requests.ts'
import type { SiteProblem, SiteRequest } from '../site.ts'
import type { Dataset } from '../source.ts'
import { allMarkets, symbolsOf } from './ticker.ts'

/**
 * Makes the request of a ticker. A stored answer serves it if exactly these symbols were asked for, in any order.
 * @param symbols as the client wrote them; none: all markets
 */
export function tickerRequest({ name, asking }: Dataset, symbols: readonly string[]): SiteRequest | SiteProblem {
  const wrong = symbols.find((symbol) => symbol === allMarkets || !asking?.selectors?.pattern.test(symbol))
  if (wrong !== undefined) {
    const example = asking?.selectors?.default[0]
    return problem(`${quoteJson(wrong)} is not a symbol such as ${example}.`)
  }
  const asked = new Set(symbols)
  return {
    ...{ dataset: name, selector: symbols.length === 0 ? allMarkets : symbols.join(','), span: null },
    needs: (selector) => new Set(symbolsOf(selector)).symmetricDifference(asked).size === 0,
    compose: (answers) => {
      const newest = answers.at(-1)
      if (newest === undefined) throw new Error(`no stored answer of ${name}: a tick is one answer`)
      return { status: 200, body: newest.body }
    },
  }
}
