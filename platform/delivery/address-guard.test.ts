import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { request } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { UserError } from '../process/user-error.ts'
import { checkWebhookUrl, type GuardSettings, openAddressGuard, ReservedAddressError } from './address-guard.ts'

const opened: (() => unknown)[] = []

afterEach(async () => {
  for (const close of opened.splice(0)) await close()
})

/** A receiver on all addresses of the loopback network, which counts connections. */
async function receiver(): Promise<{ port: number; connections: () => number }> {
  let connections = 0
  const server: Server = createServer((_, response) => response.setHeader('connection', 'close').end('here'))
  server.on('connection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  opened.push(() => server.close())
  return { port: (server.address() as AddressInfo).port, connections: () => connections }
}

function ask(settings: GuardSettings): (url: string) => Promise<string> {
  const guard = openAddressGuard(settings)
  opened.push(guard.close)
  return async (url) => (await request(url, { dispatcher: guard.dispatcher })).body.text()
}

/** Answers a look-up with the next of the answers; counts the look-ups. */
function resolver(...answers: string[][]) {
  let lookUps = 0
  const resolve = async () => {
    const addresses = answers[lookUps] ?? []
    lookUps += 1
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  }
  return { resolve, lookUps: () => lookUps }
}

// In these tests the one address that is allowed stands for a public one.
const allowed = ['127.0.0.1/32']

test('a name is looked up once a connection, and a second answer that is private is refused', async () => {
  const { port, connections } = await receiver()
  const names = resolver(['127.0.0.1'], ['127.0.0.2'])
  const get = ask({ allowed, resolve: names.resolve })
  expect(await get(`http://rebinding.example:${port}/`)).toBe('here')
  expect(names.lookUps()).toBe(1)
  await expect(get(`http://rebinding.example:${port}/`)).rejects.toThrow(ReservedAddressError)
  expect(names.lookUps()).toBe(2)
  expect(connections()).toBe(1)
})

test('one reserved address among others refuses the name, wherever it stands', async () => {
  const { port, connections } = await receiver()
  for (const answer of [
    ['127.0.0.1', '10.0.0.1'],
    ['10.0.0.1', '127.0.0.1'],
    ['127.0.0.1', '::ffff:169.254.169.254'],
    ['127.0.0.1', 'fe80::1%lo'],
  ]) {
    const get = ask({ allowed, resolve: resolver(answer).resolve })
    await expect(get(`http://mixed.example:${port}/`)).rejects.toThrow('mixed.example is')
  }
  expect(connections()).toBe(0)
})

test('a name without an address fails', async () => {
  const get = ask({ allowed, resolve: resolver([]).resolve })
  await expect(get('http://nothing.example/')).rejects.toThrow('nothing.example has no address')
})

test('the operating system is asked by default', async () => {
  const { port, connections } = await receiver()
  await expect(ask({ allowed: [] })(`http://localhost:${port}/`)).rejects.toThrow('localhost is ')
  expect(connections()).toBe(0)
  expect(await ask({ allowed: ['127.0.0.0/8', '::1'] })(`http://localhost:${port}/`)).toBe('here')
})

test('literal addresses are checked, also in the odd forms that URLs take', async () => {
  const { port, connections } = await receiver()
  const names = resolver()
  const get = ask({ allowed: [], resolve: names.resolve })
  for (const host of ['127.0.0.1', '0x7f.1', '2130706433', '0177.0.0.1', '127.1', '0', '[::1]', '[::ffff:127.0.0.1]'])
    await expect(get(`http://${host}:${port}/`), host).rejects.toThrow(ReservedAddressError)
  expect([names.lookUps(), connections()]).toEqual([0, 0])
})

test('a URL that is saved is checked for what can be seen in it', () => {
  expect(checkWebhookUrl('https://hooks.example.org:8443/a?b=c').href).toBe('https://hooks.example.org:8443/a?b=c')
  expect(checkWebhookUrl('http://8.8.8.8/').hostname).toBe('8.8.8.8')
  const refused: [string, string][] = [
    ['', "The webhook's URL cannot be read; write an address such as https://"],
    ['hooks.example.org/a', "The webhook's URL cannot be read"],
    ['ftp://hooks.example.org/', "The webhook's URL begins with ftp:; it must begin with https: or http:"],
    ['file:///etc/passwd', "The webhook's URL begins with file:"],
    ['https://me:secret@hooks.example.org/', "The webhook's URL for hooks.example.org holds a user name or password"],
    ['https://me@hooks.example.org/', "The webhook's URL for hooks.example.org holds a user name"],
    ['http://10.1.2.3/', '10.1.2.3 is in a private or reserved network; use a public address, or have an operator add'],
    ['http://0x7f.1/', '127.0.0.1 is in a private or reserved network'],
    ['http://2130706433/', '127.0.0.1 is in a private or reserved network'],
    ['http://[fd00::1]/', 'fd00::1 is in a private or reserved network'],
    ['http://localhost:9000/', 'localhost is 127.0.0.1, which is in a private or reserved network'],
    ['http://a.LOCALHOST./', 'a.localhost. is 127.0.0.1, which is'],
    [`https://hooks.example.org/${'a'.repeat(2_000)}`, "The webhook's URL has 2026 characters; shorten it to 2000"],
  ]
  for (const [text, words] of refused) {
    expect(() => checkWebhookUrl(text), text).toThrow(UserError)
    expect(() => checkWebhookUrl(text), text).toThrow(words)
  }
  expect(() => checkWebhookUrl('https://me:secret@hooks.example.org/')).not.toThrow(/secret/)
  expect(checkWebhookUrl('http://localhost:9000/', ['127.0.0.0/8']).port).toBe('9000')
  expect(checkWebhookUrl('http://10.1.2.3/', ['10.1.0.0/16']).hostname).toBe('10.1.2.3')
})
