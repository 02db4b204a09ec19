// Users choose where webhooks go, and this service stands inside the operator's network. The guard keeps webhooks away from
// addresses that only the inside can reach.
import { lookup as lookUp } from 'node:dns/promises'
import { type BlockList, isIP, type LookupFunction } from 'node:net'
import { Agent, buildConnector, type Dispatcher } from 'undici'
import { printable } from '../process/printable.ts'
import { UserError } from '../process/user-error.ts'
import { deliveryTimeoutMs } from './message.ts'
import { isReserved, networks } from './reserved-networks.ts'

/** The connection was not made, because it would have reached a reserved address. */
export class ReservedAddressError extends Error {
  override name = 'ReservedAddressError'
}

export interface ResolvedAddress {
  address: string
  family: number
}

export interface GuardSettings {
  /** Networks that webhooks may reach although they are reserved: CIDRs, by ALERT_ALLOWED_NETWORKS. */
  allowed: readonly string[]
  /** Returns all addresses of a name. The default asks the operating system. */
  resolve?: (hostname: string) => Promise<ResolvedAddress[]>
}

export interface AddressGuard {
  /** Connects to checked addresses alone. A request fails with a ReservedAddressError otherwise. */
  dispatcher: Dispatcher
  /** Like checkWebhookUrl(), with the networks allowed. */
  checkUrl: (text: string) => URL
  close: () => Promise<void>
}

const connectTimeoutMs = 10_000

/**
 * Opens connections that reach no reserved network, whatever a URL says and a name resolves to. A name is resolved once a
 * connection, and the connection goes to an address of that answer: a second answer cannot replace it (DNS rebinding). One
 * reserved address in the answer is enough for a refusal. @throws UserError if a network does not parse
 */
export function openAddressGuard({ allowed: cidrs, resolve = allAddresses }: GuardSettings): AddressGuard {
  const allowed = networks(cidrs)
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    allowH2: false,
    lookup: checkedLookup(allowed, resolve),
  })
  const dispatcher = new Agent({
    // node:net does not look up the literal addresses of URLs.
    connect: (options, callback) => {
      if (isIP(options.hostname) !== 0 && isReserved(options.hostname, allowed))
        callback(new ReservedAddressError(refusal(options.hostname, options.hostname)), null)
      else connect(options, callback)
    },
    headersTimeout: deliveryTimeoutMs,
    bodyTimeout: deliveryTimeoutMs,
    pipelining: 1,
  })
  return {
    dispatcher,
    checkUrl: (text) => checkUrl(text, allowed),
    close: () => dispatcher.destroy(),
  }
}

/**
 * Checks the URL of an endpoint before it is saved: http or https, no user name, no literal address that is reserved. Names
 * are not resolved: their addresses are checked at each connection. `allowed`: as in GuardSettings. Pure.
 * @throws UserError
 */
export const checkWebhookUrl = (text: string, allowed: readonly string[] = []): URL => checkUrl(text, networks(allowed))

const maxUrlChars = 2_000

function checkUrl(text: string, allowed: BlockList): URL {
  if (text.length > maxUrlChars)
    throw new UserError(`The webhook's URL has ${text.length} characters; shorten it to ${maxUrlChars}`)
  const url = URL.parse(text)
  if (url === null)
    throw new UserError("The webhook's URL cannot be read; write an address such as https://hooks.example.org/alerts")
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new UserError(`The webhook's URL begins with ${printable(url.protocol)}; it must begin with https: or http:`)
  if (url.username !== '' || url.password !== '')
    throw new UserError(
      `The webhook's URL for ${url.host} holds a user name or password; remove it: receivers verify the signature instead`,
    )
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const address = /(^|\.)localhost\.?$/.test(host) ? '127.0.0.1' : host
  if (isIP(address) !== 0 && isReserved(address, allowed))
    throw new UserError(`The webhook's URL is refused: ${refusal(host, address)}`)
  return url
}

const allAddresses = (hostname: string): Promise<ResolvedAddress[]> => lookUp(hostname, { all: true })

function checkedLookup(allowed: BlockList, resolve: NonNullable<GuardSettings['resolve']>): LookupFunction {
  return (hostname, { all }, callback) => {
    const answer = async (): Promise<ResolvedAddress[]> => {
      const addresses = await resolve(hostname)
      if (addresses.length === 0) throw new Error(`${hostname} has no address`)
      const reserved = addresses.find(({ address }) => isReserved(address, allowed))
      if (reserved !== undefined) throw new ReservedAddressError(refusal(hostname, reserved.address))
      return addresses
    }
    answer().then(
      (addresses) => {
        if (all === true) callback(null, addresses)
        else callback(null, addresses[0]?.address ?? '', addresses[0]?.family)
      },
      (error: NodeJS.ErrnoException) => callback(error, all === true ? [] : ''),
    )
  }
}

function refusal(host: string, address: string): string {
  const reached = host === address ? address : `${host} is ${address}, which`
  return `${reached} is in a private or reserved network; use a public address, or have an operator add the network to ALERT_ALLOWED_NETWORKS`
}
