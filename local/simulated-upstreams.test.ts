import { expect, test } from 'vitest'
import { startSimulator } from '#simulator/server.ts'
import type { Source } from '#sources/source.ts'
import { portsFrom, portTitle } from './ports.ts'
import { simulatedSettings, simulatorPorts, simulatorSettings } from './simulated-upstreams.ts'

const budget = { perMinute: 1, burst: 1, refillPerMinute: 0, maxInFlight: 1 }
const source = (name: string, credential?: NonNullable<Source['upstream']>['credential']) => ({
  name,
  upstream: {
    baseUrl: { default: 'https://example.org', setting: `${name.toUpperCase().replace('-', '_')}_BASE_URL` },
    budget,
    ...(credential && { credential }),
  },
})

test('upstreams have the ports 4 to 8 after the base, and the simulator gets all of them', () => {
  const ports = portsFrom(20_000)
  expect(simulatorSettings(ports)).toEqual({
    SIMULATOR_PORT: '20004',
    SIMULATOR_JAO_AUCTIONS_PORT: '20005',
    SIMULATOR_KRAKEN_PORT: '20006',
    SIMULATOR_BINANCE_PORT: '20007',
    SIMULATOR_COINBASE_PORT: '20008',
  })
  expect(simulatorPorts.map(portTitle)).toEqual([
    'simulator',
    'simulator of jao-auctions',
    'simulator of kraken',
    'simulator of binance',
    'simulator of coinbase',
  ])
})

test('services are sent to the port of each source, without the user’s key', () => {
  const key = { header: 'AUTH_API_KEY', setting: 'JAO_KEY', obtainFrom: 'ask' }
  const files = { name: 'votes' }
  expect(
    simulatedSettings(portsFrom(20_000), [source('jao'), source('jao-auctions', key), source('kraken'), files]),
  ).toEqual({
    SIMULATOR_URL: 'http://127.0.0.1:20004',
    JAO_BASE_URL: 'http://127.0.0.1:20004',
    JAO_AUCTIONS_BASE_URL: 'http://127.0.0.1:20005',
    JAO_KEY: 'simulated',
    KRAKEN_BASE_URL: 'http://127.0.0.1:20006',
  })
})

test('a source that is not simulated gets an address that says so', async () => {
  const { url, stop } = await startSimulator({ speed: 0 })
  const ports = { ...portsFrom(20_000), simulator: Number(new URL(url).port) }
  const { TIDES_BASE_URL: address } = simulatedSettings(ports, [source('tides')]) as Record<string, string>
  expect(address).toBe(`${url}/unknown/tides`)
  const answer = await fetch(`${address}/api/levels?day=2026-04-20`)
  expect(answer.status).toBe(501)
  expect(((await answer.json()) as { detail: string }).detail).toContain('does not play tides')
  await stop()
})
