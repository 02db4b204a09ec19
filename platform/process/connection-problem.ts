const offline = 'is this machine online?'

const words: Readonly<Record<string, string>> = {
  ENOTFOUND: `the name is not known (ENOTFOUND); ${offline}`,
  EAI_AGAIN: `the name cannot be looked up (EAI_AGAIN); ${offline}`,
  ECONNREFUSED: 'the connection is refused (ECONNREFUSED); does anything listen at that port?',
  ENETUNREACH: `no network leads there (ENETUNREACH); ${offline}`,
  ENETDOWN: `the network is down (ENETDOWN); ${offline}`,
  EADDRNOTAVAIL: 'there is no such address to connect to (EADDRNOTAVAIL)',
  EHOSTUNREACH: `no network leads there (EHOSTUNREACH); ${offline}`,
  EHOSTDOWN: 'the machine there is down (EHOSTDOWN)',
  ETIMEDOUT: 'the connection is not taken in time (ETIMEDOUT); does a firewall or a proxy hold it back?',
  UND_ERR_CONNECT_TIMEOUT:
    'the connection is not taken in time (UND_ERR_CONNECT_TIMEOUT); does a firewall or a proxy hold it back?',
}

/** Matches the error codes of a failed TLS handshake, as OpenSSL and Node name them. */
const tlsCode = /^(ERR_TLS_|ERR_SSL_|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|INVALID_CA|HOSTNAME_MISMATCH|EPROTO$)/

/** Returns why no connection was made; undefined for other errors. Knows errors of `fetch`, undici and node:net. */
export function connectionProblem(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const known = Object.hasOwn(words, code) ? words[code] : undefined
  if (known !== undefined) return known
  if (tlsCode.test(code)) return `the connection cannot be made secure (${code}): ${error.message.split('\n')[0]}`
  if (/before secure TLS connection/.test(error.message))
    return `the connection was closed before it was secure${code === '' ? '' : ` (${code})`}`
  const inner = error instanceof AggregateError ? error.errors : [error.cause]
  return inner.map(connectionProblem).find((problem) => problem !== undefined)
}
