// Logins at an OpenID provider: authorization code with PKCE, state and nonce. What a person may do is what a claim says.
import * as client from 'openid-client'
import { includesRole, type Role } from '#core/api-token.ts'
import { Problem } from '../problem.ts'
import type { ApiConfig } from '../settings.ts'

/** What a browser keeps while its person is at the provider. */
export interface Attempt {
  state: string
  nonce: string
  /** The verifier of PKCE. */
  verifier: string
}

export interface Person {
  /** Names the person in audit records: `oidc:` with the verified address, else with the subject. */
  name: string
  role: Role
}

export interface Oidc {
  /** Returns the address at which a person logs in. @throws Problem 503 if the provider does not answer */
  begin: (callback: string) => Promise<{ url: string; attempt: Attempt }>
  /**
   * Exchanges the code in the address to which the provider sent the browser back.
   * @throws Problem 401 if the answer is not one to this attempt, 403 if the person has no role, 503 without an answer
   */
  finish: (callback: URL, attempt: Attempt) => Promise<Person>
}

export type OidcConfig = Pick<
  ApiConfig,
  'OIDC_ISSUER' | 'OIDC_CLIENT_ID' | 'OIDC_CLIENT_SECRET' | 'OIDC_SCOPE' | 'OIDC_ROLE_CLAIM' | 'OIDC_ROLES'
>

const timeoutS = 10

/** Returns the logins of the configured provider, which is asked only when somebody logs in; undefined: there is none. */
export function openOidc(config: OidcConfig): Oidc | undefined {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId = '', OIDC_CLIENT_SECRET: secret } = config
  const { OIDC_SCOPE: scope, OIDC_ROLE_CLAIM: claim, OIDC_ROLES: roles = new Map<string, Role>() } = config
  if (issuer === undefined) return undefined
  // Settings allow http on loopback alone.
  const execute = [
    client.enableNonRepudiationChecks,
    ...(issuer.startsWith('http:') ? [client.allowInsecureRequests] : []),
  ]
  const authentication = secret === undefined ? client.None() : undefined
  let found: Promise<client.Configuration> | undefined
  const provider = (): Promise<client.Configuration> => {
    found ??= client
      .discovery(new URL(issuer), clientId, secret, authentication, { execute, timeout: timeoutS })
      .catch((error: Error) => {
        found = undefined
        throw away(error)
      })
    return found
  }
  return {
    begin: async (callback) => {
      const settings = await provider()
      const verifier = client.randomPKCECodeVerifier()
      const attempt = { state: client.randomState(), nonce: client.randomNonce(), verifier }
      const url = client.buildAuthorizationUrl(settings, {
        ...{ redirect_uri: callback, scope, state: attempt.state, nonce: attempt.nonce },
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      })
      return { url: url.href, attempt }
    },
    finish: async (callback, { state, nonce, verifier }) => {
      const claims = await claimsOf(await provider(), callback, claim, {
        ...{ expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true },
      })
      const name = `oidc:${nameOf(claims)}`
      const role = roleOf(claims[claim], roles)
      if (role !== undefined) return { name, role }
      throw new Problem(403, 'Forbidden', `${name} has no role here: OIDC_ROLES maps no value of the claim ${claim}.`)
    },
  }
}

type Claims = Readonly<Record<string, unknown>>

/** Returns what the provider says of the person. Many providers tell groups only to who asks for them. */
async function claimsOf(
  settings: client.Configuration,
  callback: URL,
  claim: string,
  checks: client.AuthorizationCodeGrantChecks,
): Promise<Claims> {
  try {
    const tokens = await client.authorizationCodeGrant(settings, callback, checks)
    const claims = tokens.claims()
    if (claims === undefined) throw new Error('it sent no ID token')
    if (claims[claim] !== undefined || settings.serverMetadata().userinfo_endpoint === undefined) return claims
    return { ...claims, ...(await client.fetchUserInfo(settings, tokens.access_token, claims.sub)) }
  } catch (error) {
    if (isAway(error as Error)) throw away(error as Error)
    throw new Problem(401, 'Unauthorized', `The login failed: ${reasonOf(error as Error)}. Begin again.`)
  }
}

/** Returns the highest role that the values of a claim have. undefined: none. Pure. */
export function roleOf(values: unknown, roles: ReadonlyMap<string, Role>): Role | undefined {
  const mapped = [values].flat().flatMap((value) => (typeof value === 'string' ? (roles.get(value) ?? []) : []))
  return mapped.reduce<Role | undefined>(
    (best, role) => (best !== undefined && includesRole(best, role) ? best : role),
    undefined,
  )
}

/** Anybody can claim an address that the provider did not verify. */
const nameOf = ({ sub, email, email_verified: isVerified }: Claims): string =>
  typeof email === 'string' && isVerified === true ? email : String(sub)

function reasonOf(error: Error): string {
  if (error instanceof client.AuthorizationResponseError) return error.error_description ?? error.error
  if (error instanceof client.ResponseBodyError) return error.error_description ?? error.error
  return error.message
}

/** Without an answer, fetch throws a TypeError with a cause; a timeout has the code of openid-client. */
const isAway = (error: Error & { code?: string }): boolean =>
  error.code === 'OAUTH_TIMEOUT' || (error instanceof TypeError && error.message === 'fetch failed')

const away = ({ message }: Error): Problem =>
  new Problem(503, 'Not available', `The OpenID provider does not answer as expected: ${message}. Try again later.`, {
    'Retry-After': '5',
  })
