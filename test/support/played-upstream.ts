import type { HostName } from '#simulator/hosts.ts'
import { createSimulator } from '#simulator/simulator.ts'

/** Answers requests as the simulated upstreams do, without HTTP. */
export function playUpstream(seed = 1) {
  const simulator = createSimulator({ seed, markets: 20 })
  return {
    jao: simulator.jao,
    /** Returns the answer at an instant to a request: its path and query. @throws Error if the host has no such path */
    answer: (host: string, path: string, atMs: number): { status: number; body: Buffer } => {
      const { readRequest } = simulator.hosts[host as HostName].host
      const headers = { auth_api_key: 'any' }
      const read = readRequest({ url: new URL(path, 'http://played'), headers, atMs })
      if (!('good' in read)) throw new Error(`${host} has no ${path}`)
      const { status, body, parts } = read.good()
      return { status, body: parts ? Buffer.from([...parts()].join('')) : body }
    },
  }
}
