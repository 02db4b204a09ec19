import type { Site, SiteAnswer, SiteProblem, SiteRequest } from '#sources/site.ts'
import type { Window } from '#sources/source.ts'

/** Reads a request as a client writes it: path and query. */
export function readPath(site: Site, path: string): SiteRequest | SiteProblem | undefined {
  const { pathname, searchParams } = new URL(path, 'http://played')
  return site.read(pathname, searchParams)
}

/** @throws Error if the site does not serve it */
export function requestAt(site: Site, path: string): SiteRequest {
  const read = readPath(site, path)
  if (read === undefined || 'message' in read) throw new Error(`${path}: ${read?.message ?? 'not a path of a dataset'}`)
  return read
}

export const stored = (
  window: Window,
  body: Uint8Array | string,
  selector: string | null = null,
  knownAtMs = 0,
): SiteAnswer => ({ window, selector, knownAtMs, body: Buffer.from(body) })
