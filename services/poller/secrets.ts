import type { Fetched } from './fetch.ts'

/**
 * What came, without the secrets that were sent: an upstream may repeat a key in an address, a header or an error. An
 * answer that holds one in its body is not kept at all: raw is exact bytes or nothing. Pure.
 */
export function withoutSecrets(fetched: Fetched, headers: Readonly<Record<string, string>>): Fetched {
  const secrets = Object.values(headers).filter((secret) => secret !== '')
  if (secrets.length === 0) return fetched
  const hidden = (text: string): string => secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
  if (fetched.kind === 'failure') {
    const { error, firstKilobyte } = fetched
    return { ...fetched, error: hidden(error), firstKilobyte: firstKilobyte === null ? null : hidden(firstKilobyte) }
  }
  if (fetched.kind === 'not-modified') return fetched
  if (secrets.some((secret) => fetched.body.includes(secret))) {
    const error = 'the answer repeats the key that was sent, so it is not kept'
    return { kind: 'failure', error, status: fetched.status, firstKilobyte: null }
  }
  const told = Object.entries(fetched.headers).filter(([, value]) => !secrets.some((secret) => value.includes(secret)))
  return { ...fetched, headers: Object.fromEntries(told) }
}
