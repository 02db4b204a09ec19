import { createHash, randomBytes } from 'node:crypto'
import type { ApiToken } from '#schemas/generated/records.ts'

/** The roles of the API, from the least to the most rights. Each may do what the roles before it may. */
export const roles = ['reader', 'trader', 'operator', 'admin'] as const
export type Role = (typeof roles)[number]

/** A token is for programs. A session is a token that a login made. A link opens one session and does nothing else. */
export type TokenKind = 'token' | 'session' | 'link'

export const isRole = (text: string): text is Role => (roles as readonly string[]).includes(text)

/** Returns true if `role` may do what `needed` may. */
export const includesRole = (role: Role, needed: Role): boolean => roles.indexOf(role) >= roles.indexOf(needed)

const prefixes: Record<TokenKind, string> = { token: 'tdm_', session: 'tds_', link: 'tdl_' }

export interface NewToken extends Pick<ApiToken, 'source' | 'expiresAt' | 'createdBy' | 'person'> {
  kind: TokenKind
  role: Role
}

/** Makes the text of a token, of 256 random bits, and its record, which has only the hash of the text. */
export function newToken(wanted: NewToken, nowMs: number): { text: string; token: ApiToken } {
  const text = `${prefixes[wanted.kind]}${randomBytes(32).toString('base64url')}`
  const id = randomBytes(4).toString('hex')
  return { text, token: { ...wanted, id, sha256: hashOfToken(text), createdAt: nowMs, revokedAt: null } }
}

/** Returns the hash under which a token is kept. Tokens have 256 random bits, so no salt is needed. */
export const hashOfToken = (token: string): string => createHash('sha256').update(token).digest('hex')

/** Returns why a token is refused at an instant, ms UTC; undefined: it is valid. */
export function refusalOfToken({ expiresAt, revokedAt }: ApiToken, nowMs: number): 'expired' | 'revoked' | undefined {
  if (revokedAt !== null && revokedAt <= nowMs) return 'revoked'
  return expiresAt !== null && expiresAt <= nowMs ? 'expired' : undefined
}
