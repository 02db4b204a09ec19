import { type FetchResult, firstKilobyteOf } from './fetch.ts'

type Headers = Readonly<Record<string, string>>

/** Returns a function that replaces each header value in a text with `***`, also in JSON and URL escapes. */
export function secretHider(headers: Headers): (text: string) => string {
  const spellings = spellingsOf(headers)
  return (text) => spellings.reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
}

/** Returns the spellings of the secrets, longest first, because one may contain another. */
function spellingsOf(headers: Headers): string[] {
  const spellings = Object.values(headers).flatMap((secret) => {
    const inJson = JSON.stringify(secret).slice(1, -1)
    return [secret, inJson, inJson.replaceAll('/', '\\/'), encodeURIComponent(secret)]
  })
  return [...new Set(spellings)].filter((one) => one !== '').sort((one, other) => other.length - one.length)
}

/** Removes secrets. An answer with a secret in its body becomes a failure, because raw must hold exact bytes. */
export function withoutSecrets(fetched: FetchResult, headers: Headers): FetchResult {
  const secrets = spellingsOf(headers)
  if (secrets.length === 0) return fetched
  const hide = secretHider(headers)
  if (fetched.kind === 'failure') {
    const { error, firstKilobyte, body } = fetched
    const hidden = {
      ...fetched,
      error: hide(error),
      firstKilobyte: firstKilobyte === null ? null : hide(firstKilobyte),
    }
    if (body === undefined) return hidden
    // Hide the secrets before cutting: a secret may cross the end of the first kilobyte.
    const rest = Buffer.from(hide(body.toString('utf8')))
    return { ...hidden, body: rest, firstKilobyte: firstKilobyteOf(rest) }
  }
  if (fetched.kind === 'not-modified') return fetched
  if (secrets.some((secret) => fetched.body.includes(secret))) {
    const { status, retryAfterMs } = fetched
    const error = 'the answer repeats the key that was sent, so it is not kept'
    return { kind: 'failure', error, status, firstKilobyte: null, ...(retryAfterMs !== undefined && { retryAfterMs }) }
  }
  const told = Object.entries(fetched.headers).filter(([, value]) => !secrets.some((secret) => value.includes(secret)))
  return { ...fetched, headers: Object.fromEntries(told) }
}
