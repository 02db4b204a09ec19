import { auctionsHost } from './auctions/host.ts'
import { type Clock, createClock } from './clock.ts'
import type { Fault } from './faults.ts'
import { HOST_NAMES, type Host, type HostName, REQUESTS_PER_MINUTE } from './hosts.ts'
import { jaoHost, type Tags } from './jao/host.ts'
import { createJao, type Jao } from './jao/jao.ts'
import { createLimit, type Limit } from './limit.ts'
import { binanceHost } from './markets/binance.ts'
import { coinbaseHost } from './markets/coinbase.ts'
import { createExchange, type Exchange, type Spike } from './markets/exchange.ts'
import { krakenHost } from './markets/kraken.ts'
import { EXCHANGES, type ExchangeName } from './markets/markets.ts'
import { createRequestLog, type RequestLog } from './request-log.ts'
import { loadState, saveState } from './state-file.ts'

export type SimulatorOptions = {
  readonly seed?: number
  /** Path of the file with commands, faults and the clock. If the file exists, `startMs` and `speed` have no effect. */
  readonly stateFile?: string | undefined
  /** Time at the start, ms UTC. Default: the machine's clock. */
  readonly startMs?: number | undefined
  readonly speed?: number
  readonly limitPerMinute?: number
  readonly limits?: Partial<Readonly<Record<HostName, number>>>
  readonly markets?: number
}

export type RunningHost = { readonly host: Host; readonly limit: Limit; readonly log: RequestLog }

/** The state of all hosts. Call `save` after a change of `faults`, `etag`, `spikes`, the clock or the commands. */
export type Simulator = Tags & {
  readonly seed: number
  readonly clock: Clock
  readonly jao: Jao
  readonly exchanges: Readonly<Record<ExchangeName, Exchange>>
  readonly hosts: Readonly<Record<HostName, RunningHost>>
  faults: readonly Fault[]
  spikes: readonly Spike[]
  save(): void
}

/** Creates all hosts, in the saved state if any. @throws Error if the state file is invalid or not writable */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const { seed = 1, stateFile, startMs, speed = 1, limitPerMinute = REQUESTS_PER_MINUTE.jao, markets = 1_000 } = options
  const state = stateFile === undefined ? undefined : loadState(stateFile, seed)
  const clock = createClock(state?.clock ?? { mode: 'machine' })
  if (state === undefined && (startMs !== undefined || speed !== 1)) {
    clock.change({ speed, allowBackwards: true, ...(startMs !== undefined && { setMs: startMs }) })
  }
  const held = {
    faults: state?.faults ?? [],
    spikes: state?.spikes ?? [],
    etag: state?.etag ?? false,
    notModified: 0,
  } satisfies Partial<Simulator> as Pick<Simulator, 'faults' | 'spikes' | 'etag' | 'notModified'>
  const jao = createJao(seed, state?.commands)
  const spikes = () => held.spikes
  const exchanges = byName(EXCHANGES, (name) => createExchange(name, seed, markets, spikes))
  const played: Record<HostName, Host> = {
    jao: jaoHost(jao, held),
    'jao-auctions': auctionsHost(seed),
    kraken: krakenHost(exchanges.kraken),
    binance: binanceHost(exchanges.binance),
    coinbase: coinbaseHost(exchanges.coinbase),
  }
  const limits = { ...REQUESTS_PER_MINUTE, jao: limitPerMinute, ...options.limits }
  const hosts = byName(HOST_NAMES, (name) => ({
    host: played[name],
    limit: createLimit(limits[name]),
    log: createRequestLog(),
  }))
  const simulator: Simulator = Object.assign(held, {
    seed,
    clock,
    jao,
    exchanges,
    hosts,
    save() {
      if (stateFile === undefined) return
      const { etag, faults } = held
      const commands = jao.commands()
      saveState(stateFile, {
        version: 1,
        seed,
        etag,
        clock: clock.save(),
        faults: [...faults],
        spikes: [...held.spikes],
        commands,
      })
    },
  })
  simulator.save()
  return simulator
}

function byName<N extends string, T>(names: readonly N[], make: (name: N) => T): Record<N, T> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<N, T>
}
