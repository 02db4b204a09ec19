// Which addresses a webhook may not reach, as far as an operator does not allow them. By the registries of special-purpose
// addresses of IANA (RFC 6890); of IPv6 only global unicast, 2000::/3, is left.
import { BlockList, isIP } from 'node:net'
import { UserError } from '../process/user-error.ts'

const reservedV4 = networks([
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // behind the NAT of a carrier
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local, and the metadata of clouds
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // relays of 6to4
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
])

// A list of its own: a BlockList holds the networks of IPv6 against IPv4 addresses too, as mapped ones.
const reservedV6 = networks([
  '::/3', // loopback, unspecified, discard, NAT64 of a site
  '2001::/23', // protocol assignments, Teredo
  '2001:db8::/32', // documentation
  '3fff::/20', // documentation
  '4000::/2',
  '8000::/1', // unique local, link-local, multicast
])

/** Returns the parts of ALERT_ALLOWED_NETWORKS, which are comma separated. Whether they are networks, `networks` says. */
export const listedNetworks = (text: string): string[] => text.split(',').flatMap((part) => part.trim() || [])

/** Returns the networks that ALERT_ALLOWED_NETWORKS lists: CIDRs or single addresses. @throws UserError if one is neither */
export function networks(cidrs: readonly string[]): BlockList {
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [, address = '', prefix] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(cidr.trim()) ?? []
    const family = isIP(address)
    const bits = family === 4 ? 32 : 128
    const length = Number(prefix ?? bits)
    if (family === 0 || length > bits)
      throw new UserError(
        `ALERT_ALLOWED_NETWORKS names ${JSON.stringify(cidr.slice(0, 60))}, which is not a network; write networks such as 10.1.0.0/16 or fd00:1::/32, comma separated`,
      )
    list.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6')
  }
  return list
}

/**
 * True: webhooks may not reach this IP address. An IPv6 address that embeds an IPv4 address (mapped, NAT64, 6to4) counts as
 * that address. Text that is not an address is reserved. Pure.
 */
export function isReserved(address: string, allowed: BlockList): boolean {
  const plain = address.replace(/%.*$/, '')
  const family = isIP(plain)
  if (family === 0) return true
  if (allowed.check(plain, family === 4 ? 'ipv4' : 'ipv6')) return false
  if (family === 4) return reservedV4.check(plain, 'ipv4')
  const embedded = embeddedAddress(plain)
  return embedded === undefined ? reservedV6.check(plain, 'ipv6') : isReserved(embedded, allowed)
}

function embeddedAddress(address: string): string | undefined {
  const words = hextets(address)
  const start = words.slice(0, 6).join(':')
  if (start === '0:0:0:0:0:ffff' || start === '64:ff9b:0:0:0:0') return dotted(words.slice(6))
  return words[0] === '2002' ? dotted(words.slice(1, 3)) : undefined
}

/** Returns the eight words of an IPv6 address, in hexadecimal without leading zeros. */
function hextets(address: string): string[] {
  // The hostname of a URL is the canonical form, without the dotted notation of the last 32 bits.
  const [left = [], right] = new URL(`http://[${address}]`).hostname
    .slice(1, -1)
    .split('::')
    .map((side) => (side === '' ? [] : side.split(':')))
  if (right === undefined) return left
  return [...left, ...new Array<string>(8 - left.length - right.length).fill('0'), ...right]
}

const dotted = (words: readonly string[]): string =>
  words
    .map((word) => Number.parseInt(word, 16))
    .flatMap((word) => [word >> 8, word & 0xff])
    .join('.')
