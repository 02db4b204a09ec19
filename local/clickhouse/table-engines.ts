import type { Token } from './tokens.ts'

/**
 * The only engines that a table may have. Others take host paths (EmbeddedRocksDB, whose TRUNCATE then empties that
 * path, FileLog), reach other machines, or run SQL that they find in data (QueryRunner). 26.7 does not honour
 * table_engines_require_grant when embedded, so the grants cannot say this.
 */
const TABLES = `MergeTree ReplacingMergeTree AggregatingMergeTree SummingMergeTree CollapsingMergeTree
VersionedCollapsingMergeTree CoalescingMergeTree Null Memory Log TinyLog StripeLog Join Set Buffer Merge`.split(/\s+/)
/** Others are made of a path, a URL, or of tables whose engines nobody names. */
const DATABASES = ['Atomic']

/**
 * The first engine named in a statement that defines something and that may not be had; undefined when all may. In such
 * a statement a bare ENGINE always means the clause, wherever it stands: parts may be joined by PARALLEL WITH.
 */
export function strangeEngine(own: Token[]): string | undefined {
  if (!own.some((token, index) => defines(token, own[index + 1]))) return undefined
  for (const [index, token] of own.entries()) {
    if (!isWord(token, 'ENGINE')) continue
    const name = own[index + 1]?.text === '=' ? own[index + 2] : own[index + 1]
    const isPlain = name?.kind === 'word' || name?.kind === 'name'
    const allowed = isOfDatabase(own.slice(0, index)) ? DATABASES : TABLES
    if (!isPlain || !allowed.includes(name.text)) return name?.text ?? ''
  }
  return undefined
}

function defines(token: Token, next: Token | undefined): boolean {
  if (isWord(token, 'CREATE') || isWord(token, 'ATTACH')) return true
  return isWord(token, 'REPLACE') && next?.text !== '('
}

function isOfDatabase(before: Token[]): boolean {
  const verb = before.findLastIndex((token) => isWord(token, 'CREATE') || isWord(token, 'ATTACH'))
  return verb >= 0 && isWord(before[verb + 1], 'DATABASE')
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toUpperCase() === word
}
