// What a browser does with cookies and redirects, without pages. It ignores ports with cookies, as browsers do.

export interface Browser {
  /** The values of the cookies by their names. */
  cookies: Map<string, string>
  /** The attributes of each cookie as they were set last, in lower case. */
  attributes: Map<string, string[]>
  /** Asks with the cookies, and keeps those of the answer. Redirects are not followed. */
  ask: (url: string, init?: RequestInit) => Promise<Response>
  /** Opens an address and follows all redirects. Returns the last answer. `url`: its address. */
  open: (url: string) => Promise<{ answer: Response; url: string }>
}

const maxRedirects = 20

export function browser(): Browser {
  const cookies = new Map<string, string>()
  const attributes = new Map<string, string[]>()
  const keep = (line: string): void => {
    const [pair = '', ...flags] = line.split('; ')
    const [name = '', value = ''] = pair.split(/=(.*)/s)
    attributes.set(
      name,
      flags.map((flag) => flag.toLowerCase()),
    )
    if (value === '' || flags.includes('Max-Age=0')) cookies.delete(name)
    else cookies.set(name, value)
  }
  const ask: Browser['ask'] = async (url, init) => {
    const sent = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(sent !== '' && { cookie: sent }), ...init?.headers }
    const answer = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of answer.headers.getSetCookie()) keep(line)
    return answer
  }
  return {
    cookies,
    attributes,
    ask,
    open: async (first) => {
      let url = first
      for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
        const answer = await ask(url)
        const location = answer.headers.get('location')
        if (location === null) return { answer, url }
        await answer.body?.cancel()
        url = new URL(location, url).href
      }
      throw new Error(`${first}: more than ${maxRedirects} redirects, at last to ${url}`)
    },
  }
}
