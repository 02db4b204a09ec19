import { HOST_NAMES, type HostName, portSetting } from '#simulator/hosts.ts'
import type { Source } from '#sources/source.ts'
import type { PortName, Ports } from './ports.ts'

/** Name of the port of each simulated upstream. JAO's port also serves the control API. */
const playedAt: Record<HostName, PortName> = {
  jao: 'simulator',
  'jao-auctions': 'jao-auctions',
  kraken: 'kraken',
  binance: 'binance',
  coinbase: 'coinbase',
}

export const simulatorPorts: PortName[] = HOST_NAMES.map((name) => playedAt[name])

export const simulatorUrl = (ports: Ports): string => `http://127.0.0.1:${ports.simulator}`

export const simulatorSettings = (ports: Ports): Record<string, string> =>
  Object.fromEntries(HOST_NAMES.map((name) => [portSetting(name), String(ports[playedAt[name]])]))

/** Returns settings that point services to the simulator and replace the user's credentials. */
export function simulatedSettings(ports: Ports, sources: readonly Pick<Source, 'name' | 'upstream'>[]) {
  const settings = sources.flatMap(({ name, upstream }): [string, string][] => {
    if (!upstream) return []
    const { baseUrl, credential } = upstream
    const played = HOST_NAMES.find((host) => host === name)
    const url = played ? `http://127.0.0.1:${ports[playedAt[played]]}` : `${simulatorUrl(ports)}/unknown/${name}`
    return [[baseUrl.setting, url], ...(credential ? [[credential.setting, 'simulated'] as [string, string]] : [])]
  })
  return { SIMULATOR_URL: simulatorUrl(ports), ...Object.fromEntries(settings) }
}
