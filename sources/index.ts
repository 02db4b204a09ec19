import { cryptowatch } from './cryptowatch/cryptowatch.ts'
import { jao } from './jao/jao.ts'
import type { Source } from './source.ts'
import { votes } from './votes/votes.ts'

/** The list of sources. A new one is a folder and a line here. */
export const sources: Source[] = [jao, cryptowatch, votes]
