/** An HTTP answer. `parts`, if given, are streamed instead of `body`. The connection breaks after `sendBytes` bytes. */
export type Reply = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly sendBytes?: number
  readonly waitMs?: { readonly part: 'header' | 'body'; readonly ms: number }
  readonly parts?: () => Iterable<string>
  readonly reset?: boolean
}

const JSON_TYPE = 'application/json; charset=utf-8'

export function okReply(body: Buffer, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status: 200, headers: { 'content-type': JSON_TYPE, ...headers }, body }
}

export function jsonReply(value: unknown, status = 200, retryAfterS?: number): Reply {
  const { headers, body } = okReply(Buffer.from(JSON.stringify(value)))
  return {
    status,
    headers: { ...headers, ...(retryAfterS !== undefined && { 'retry-after': `${retryAfterS}` }) },
    body,
  }
}

/** Returns an error in the form of ASP.NET, `application/problem+json`. */
export function problemReply(
  status: number,
  title: string,
  more: {
    readonly detail?: string
    readonly errors?: unknown
    readonly headers?: Readonly<Record<string, string>>
  } = {},
): Reply {
  const { headers, ...fields } = more
  const problem = { type: `https://httpstatuses.io/${status}`, title, status, ...fields }
  return {
    status,
    headers: { 'content-type': 'application/problem+json; charset=utf-8', ...headers },
    body: Buffer.from(JSON.stringify(problem)),
  }
}

export function tooManyReply(retryAfterS?: number): Reply {
  const headers = retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }
  return problemReply(429, 'Too Many Requests', { headers })
}
