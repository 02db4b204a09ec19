// Tokens of the API are created, listed and revoked by records of the topic api-tokens. The API follows the topic.
import { newToken, type Role } from '#core/api-token.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { offsetRange, readRanges } from '#platform/kafka/read-range.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { writeRecord } from '#platform/kafka/write-record.ts'
import { UserError } from '#platform/process/user-error.ts'
import { apiTokensTopic } from '#schemas/api-topics.ts'
import { type ApiToken, apiTokenSchema } from '#schemas/generated/records.ts'
import { sources } from '#sources/index.ts'

export interface TokenParts {
  kafka: Kafka
  registry: Registry
}

export interface TokenRequest {
  role: Role
  /** The only source whose datasets the token may change. null: all. */
  source: string | null
  /** Days until the token expires. null: it does not expire. */
  expiresInDays: number | null
  by: string
}

const dayMs = 86_400_000
const linkLastsMs = 600_000

/** Creates a token. Nobody can read the text of the token later. @throws UserError if the source is unknown */
export async function createToken(
  parts: TokenParts,
  { role, source, expiresInDays, by }: TokenRequest,
): Promise<{ text: string; token: ApiToken }> {
  if (source !== null && !sources.some(({ name }) => name === source)) {
    throw new UserError(`There is no source ${source}; there is: ${sources.map(({ name }) => name).join(', ')}.`)
  }
  const now = Date.now()
  const expiresAt = expiresInDays === null ? null : now + expiresInDays * dayMs
  const made = newToken({ kind: 'token', role, source, createdBy: by, expiresAt, person: null }, now)
  await writeToken(parts, made.token)
  return made
}

/** Creates a code that opens one session of a role in a browser within ten minutes. Nobody can read it later. */
export async function createLink(
  parts: TokenParts,
  { role, by }: Pick<TokenRequest, 'role' | 'by'>,
): Promise<{ text: string; token: ApiToken }> {
  const now = Date.now()
  const expiresAt = now + linkLastsMs
  const made = newToken({ kind: 'link', role, source: null, createdBy: by, expiresAt, person: null }, now)
  await writeToken(parts, made.token)
  return made
}

/** Returns the address that a person opens to use a link. `api`: the address of the API, without a slash at its end. */
export const addressOfLink = (api: string, code: string): string => `${api}/api/v1/session/once?code=${code}`

/** Returns all tokens that were ever created, oldest first. */
export async function listTokens({ kafka, registry }: TokenParts): Promise<ApiToken[]> {
  const newest = new Map<string, ApiToken>()
  const decoder = registry.decoder(apiTokenSchema)
  await readRanges(kafka, apiTokensTopic.name, await offsetRange(kafka, apiTokensTopic.name), async (records) => {
    await decoder.prepare(records.map(({ value }) => value))
    for (const { value } of records) {
      const token = decoder.decode(value)
      if ('sha256' in token) newest.set(token.id, token)
    }
  })
  return [...newest.values()].toSorted((one, other) => one.createdAt - other.createdAt)
}

/** Revokes a token. It is refused as soon as the API has read the record. @throws UserError if there is no such token */
export async function revokeToken(parts: TokenParts, id: string): Promise<ApiToken> {
  const token = (await listTokens(parts)).find((each) => each.id === id)
  if (token === undefined) throw new UserError(`There is no token ${id}: \`npx tidemark token list\` names all.`)
  if (token.revokedAt !== null) return token
  const revoked = { ...token, revokedAt: Date.now() }
  await writeToken(parts, revoked)
  return revoked
}

const writeToken = (parts: TokenParts, token: ApiToken): Promise<void> =>
  writeRecord(parts, apiTokensTopic, token.id, token)
