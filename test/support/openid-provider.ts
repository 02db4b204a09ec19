// A certified OpenID provider in the process of a test. Nobody types a password: it logs in the person that the test names.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import Provider, { type AccountClaims } from 'oidc-provider'
import { freePorts } from '#local/free-ports.ts'

export interface Person {
  sub: string
  email?: string
  email_verified?: boolean
  groups?: string[]
}

export interface OpenIdProvider {
  issuer: string
  /** Who logs in from now on. */
  person: Person
  stop: () => Promise<void>
}

export interface RegisteredClient {
  id: string
  secret: string
  redirectUri: string
}

export async function startOpenIdProvider({ id, secret, redirectUri }: RegisteredClient): Promise<OpenIdProvider> {
  const [port = 0] = await freePorts(1)
  const issuer = `http://127.0.0.1:${port}`
  const running: OpenIdProvider = { issuer, person: { sub: 'nobody' }, stop: async () => {} }
  const provider = new Provider(issuer, {
    clients: [{ client_id: id, client_secret: secret, redirect_uris: [redirectUri], response_types: ['code'] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    cookies: { keys: ['a key of the test'] },
    findAccount: (_, accountId) => ({ accountId, claims: () => running.person as Person & AccountClaims }),
    // Everybody has consented to everything.
    loadExistingGrant: async ({ oidc }) => {
      const grant = new provider.Grant({ clientId: id, accountId: oidc.session?.accountId ?? '' })
      grant.addOIDCScope('openid email groups')
      await grant.save()
      return grant
    },
  })
  const answer = provider.callback()
  const logIn = (request: IncomingMessage, response: ServerResponse) =>
    provider.interactionFinished(request, response, { login: { accountId: running.person.sub, remember: false } })
  const server = createServer((request, response) => {
    const failed = (error: Error) => response.writeHead(500).end(error.stack)
    if (request.url?.startsWith('/interaction/')) logIn(request, response).catch(failed)
    else answer(request, response).catch(failed)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  running.stop = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return running
}
