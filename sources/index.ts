import { jao } from './jao/jao.ts'
import { jaoAuctions } from './jao-auctions/jao-auctions.ts'
import type { Source } from './source.ts'

/** The list of sources. A new one is a folder and a line here. */
export const sources: Source[] = [jao, jaoAuctions]
