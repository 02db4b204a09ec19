const offline = 'is this machine online?'

/** What a code of Node or undici says to people, where no connection came to be. */
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

/** Codes of a TLS handshake that failed: OpenSSL's names of what is wrong with a certificate, and Node's own. */
const tlsCode = /^(ERR_TLS_|ERR_SSL_|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|INVALID_CA|HOSTNAME_MISMATCH|EPROTO$)/

/**
 * Why no connection to a host came to be, in plain words with the code; undefined when the error is another one, as after
 * a connection was there.
 *
 * @param error as `fetch`, undici or node:net throw it
 */
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
