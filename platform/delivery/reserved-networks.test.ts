import { BlockList } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UserError } from '../process/user-error.ts'
import { isReserved, networks } from './reserved-networks.ts'

const none = new BlockList()

/** First and last address of each network of IPv4, by the IANA registry of special-purpose addresses. */
const reservedRanges: [string, string][] = [
  ['0.0.0.0', '0.255.255.255'],
  ['10.0.0.0', '10.255.255.255'],
  ['100.64.0.0', '100.127.255.255'],
  ['127.0.0.0', '127.255.255.255'],
  ['169.254.0.0', '169.254.255.255'],
  ['172.16.0.0', '172.31.255.255'],
  ['192.0.0.0', '192.0.0.255'],
  ['192.0.2.0', '192.0.2.255'],
  ['192.88.99.0', '192.88.99.255'],
  ['192.168.0.0', '192.168.255.255'],
  ['198.18.0.0', '198.19.255.255'],
  ['198.51.100.0', '198.51.100.255'],
  ['203.0.113.0', '203.0.113.255'],
  ['224.0.0.0', '255.255.255.255'],
]

const numberOf = (text: string): number => text.split('.').reduce((number, byte) => number * 256 + Number(byte), 0)
const textOf = (number: number): string => [24, 16, 8, 0].map((bits) => (number >>> bits) & 255).join('.')
const hexOf = (number: number): string => `${(number >>> 16).toString(16)}:${(number & 0xffff).toString(16)}`

/** The ways in which IPv6 writes an IPv4 address. */
const embeddings: ((number: number) => string)[] = [
  (number) => textOf(number),
  (number) => `::ffff:${textOf(number)}`,
  (number) => `::FFFF:${hexOf(number)}`,
  (number) => `0:0:0:0:0:ffff:${hexOf(number)}`,
  (number) => `64:ff9b::${textOf(number)}`,
  (number) => `2002:${hexOf(number)}::1`,
]

const reservedNumber = fc
  .constantFrom(...reservedRanges)
  .chain(([first, last]) => fc.integer({ min: numberOf(first), max: numberOf(last) }))

test('each address of each reserved network is reserved, however it is written', () => {
  fc.assert(
    fc.property(reservedNumber, fc.constantFrom(...embeddings), (number, written) => isReserved(written(number), none)),
    { numRuns: 2_000 },
  )
})

test('each other address of IPv4 can be reached, however it is written', () => {
  const isInRange = (number: number): boolean =>
    reservedRanges.some(([first, last]) => number >= numberOf(first) && number <= numberOf(last))
  const publicNumber = fc.integer({ min: 0, max: 2 ** 32 - 1 }).filter((number) => !isInRange(number))
  fc.assert(
    fc.property(publicNumber, fc.constantFrom(...embeddings), (number, written) => !isReserved(written(number), none)),
    { numRuns: 2_000 },
  )
})

test('the first and the last address of a network are in it, and their neighbours are not', () => {
  for (const [first, last] of reservedRanges) {
    expect([first, isReserved(first, none)]).toEqual([first, true])
    expect([last, isReserved(last, none)]).toEqual([last, true])
  }
  const neighbours = [
    ...['1.0.0.0', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0'],
    ...['169.253.255.255', '169.255.0.0', '172.15.255.255', '172.32.0.0', '191.255.255.255', '192.0.1.0', '192.0.3.0'],
    ...['192.88.98.255', '192.88.100.0', '192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0'],
    ...['198.51.99.255', '198.51.101.0', '203.0.112.255', '203.0.114.0', '223.255.255.255'],
  ]
  for (const address of neighbours) expect([address, isReserved(address, none)]).toEqual([address, false])
})

test('of IPv6 only global unicast is left', () => {
  const reserved = [
    ...['::', '::1', '::127.0.0.1', '::8.8.8.8', '::ffff:0:8.8.8.8', '64:ff9b:1::1', '100::1', 'fc00::1', 'fdff::1'],
    ...['fe80::1', 'fe80::1%eth0', '::1%lo', 'febf::1', 'fec0::1', 'ff02::1', '2001::1', '2001:1ff:ffff::1'],
    ...['2001:db8::1', '3fff:fff::1', '4000::1', '5f00::1', '1fff::1'],
  ]
  for (const address of reserved) expect([address, isReserved(address, none)]).toEqual([address, true])
  const left = ['2000::1', '2001:200::1', '2001:4860:4860::8888', '2606:4700::1111', '2a00:1450:4001::1', '3ffe::1']
  for (const address of left) expect([address, isReserved(address, none)]).toEqual([address, false])
})

test('text that is not an address is reserved', () => {
  for (const text of ['', 'localhost', '1.2.3', '0x7f.1', '2130706433', '8.8.8.8.', '[2000::1]', '%', ' 8.8.8.8'])
    expect([text, isReserved(text, none)]).toEqual([text, true])
  fc.assert(fc.property(fc.string(), (text) => typeof isReserved(text, none) === 'boolean'))
})

test('an operator allows networks and single addresses, and nothing beside them', () => {
  const allowed = networks(['10.1.0.0/16', ' 127.0.0.1', 'fd00:1::/32'])
  for (const address of ['10.1.0.0', '10.1.255.255', '127.0.0.1', '::ffff:10.1.2.3', 'fd00:1::1'])
    expect([address, isReserved(address, allowed)]).toEqual([address, false])
  for (const address of ['10.0.255.255', '10.2.0.0', '127.0.0.2', '::1', '::ffff:10.2.0.0', 'fd00:2::1'])
    expect([address, isReserved(address, allowed)]).toEqual([address, true])
})

test('what is not a network is refused by name', () => {
  for (const text of [
    '',
    'here',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0/8',
    'fe80::1%eth0/10',
  ])
    expect(() => networks([text]), text).toThrow(UserError)
  expect(() => networks(['10.0.0.0/33'])).toThrow(
    'ALERT_ALLOWED_NETWORKS names "10.0.0.0/33", which is not a network; write networks such as 10.1.0.0/16',
  )
})
