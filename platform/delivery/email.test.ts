import { type AddressInfo, createServer, type Socket } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'
import { afterEach, expect, test } from 'vitest'
import { UserError } from '../process/user-error.ts'
import { checkSmtpUrl, sendEmail } from './email.ts'
import type { AlertMessage } from './message.ts'

const message: AlertMessage = {
  id: 'msg_3f2A-1',
  atMs: Date.parse('2026-04-20T08:00:00Z'),
  type: 'alert.fired',
  data: {},
  subject: 'spike fires: 3.5 × the average',
  text: 'kraken BTC/EUR: 3.5\nÜberlast since 08:00 UTC',
}

const opened: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of opened.splice(0)) await close()
})

/** Of 127.0.0.1, for tests alone: openssl req -x509 -newkey ec … -addext subjectAltName=IP:127.0.0.1 */
const certificate = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg7SpQmzcCdPnXe0dd
g71mNpMGG7C4c/NtU+hdsPAzXWShRANCAASe5LXXk7HmJRrB2fNNElU2MI35c4tI
eUqtvjm+RG1TMyDZKIeYEj7BH/R9qIc8XS+3+KAFdtm5qwnuspDfACIF
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBkDCCATagAwIBAgIUdGoUR38Cs39fRcyJyi9VcBK2krAwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEyODA1Mjc0OFoYDzIxMjYxMTA0
MDUyNzQ4WjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASe5LXXk7HmJRrB2fNNElU2MI35c4tIeUqtvjm+RG1TMyDZKIeYEj7B
H/R9qIc8XS+3+KAFdtm5qwnuspDfACIFo2QwYjAdBgNVHQ4EFgQUlzF7kTqZUH+5
GW0z6J4cYiHiVfQwHwYDVR0jBBgwFoAUlzF7kTqZUH+5GW0z6J4cYiHiVfQwDwYD
VR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0gAMEUC
IQDZM6lsiWVYNlb6f5o93sqxF5pPYqC0gcaSwFiLelKy9wIgYiCXC+hU6qwMG6RG
2aSPwww84HtuEKN5zKfrDc+xtGg=
-----END CERTIFICATE-----`,
}

interface Mailbox {
  smtpUrl: string
  mails: { parsed: ParsedMail; raw: string; from: string; to: string[] }[]
  /** Name and password. */
  logins: string[]
}

interface Refusal {
  at: 'sender' | 'recipient' | 'data'
  code: number
  words: string
}

/** A mail server on the loopback network. It offers no TLS, unless `tls`: then with a certificate that nobody trusts. */
async function mailbox({
  refusal,
  tls = false,
  login = true,
}: {
  refusal?: Refusal
  tls?: boolean
  login?: boolean
} = {}): Promise<Mailbox> {
  const mails: Mailbox['mails'] = []
  const logins: string[] = []
  const refused = (at: Refusal['at']): Error | null =>
    refusal?.at === at ? Object.assign(new Error(refusal.words), { responseCode: refusal.code }) : null
  const server = new SMTPServer({
    ...{ authOptional: true, disableReverseLookup: true, allowInsecureAuth: true, hideENHANCEDSTATUSCODES: true },
    ...certificate,
    disabledCommands: [...(tls ? [] : ['STARTTLS']), ...(login ? [] : ['AUTH'])],
    onAuth: ({ username, password }, _session, callback) => {
      logins.push(`${username} ${password}`)
      callback(null, { user: username })
    },
    onMailFrom: (_address, _session, callback) => callback(refused('sender')),
    onRcptTo: (_address, _session, callback) => callback(refused('recipient')),
    onData: async (stream, session, callback) => {
      const chunks: Buffer[] = []
      for await (const chunk of stream) chunks.push(chunk as Buffer)
      const raw = Buffer.concat(chunks)
      const { mailFrom, rcptTo } = session.envelope
      mails.push({
        parsed: await simpleParser(raw),
        raw: raw.toString('utf8'),
        from: mailFrom === false ? '' : mailFrom.address,
        to: rcptTo.map(({ address }) => address),
      })
      callback(refused('data'))
    },
  })
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  opened.push(() => new Promise<void>((resolve) => server.close(resolve)))
  const { port } = server.server.address() as AddressInfo
  return { smtpUrl: `smtp://127.0.0.1:${port}`, mails, logins }
}

const from = 'alerts@desk.example.org'
const address = 'trader@example.org'

test('a mail arrives as plain text that programs do not answer', async () => {
  const { smtpUrl, mails } = await mailbox()
  expect(await sendEmail({ smtpUrl, from }, address, message)).toEqual({ kind: 'delivered', status: 250 })
  expect(mails).toHaveLength(1)
  const { parsed, raw, ...envelope } = mails[0]!
  expect(envelope).toEqual({ from, to: [address] })
  expect(parsed.from?.value).toEqual([{ name: 'tidemark', address: from }])
  expect([parsed.to].flat().flatMap((to) => to?.value ?? [])).toEqual([{ name: '', address }])
  expect(parsed.subject).toBe(message.subject)
  expect(parsed.text?.trimEnd()).toBe(message.text)
  expect(parsed.html).toBe(false)
  expect(parsed.attachments).toEqual([])
  expect(parsed.messageId).toBe('<msg_3f2A-1@tidemark.invalid>')
  expect(parsed.date).toEqual(new Date('2026-04-20T08:00:00Z'))
  expect(parsed.headers.get('auto-submitted')).toBe('auto-generated')
  expect(raw).toMatch(/^List-Id: tidemark alerts <alerts\.tidemark\.invalid>\r$/im)
  expect(parsed.references).toBeUndefined()
})

test('a resolve refers to the mail of its firing', async () => {
  const { smtpUrl, mails } = await mailbox()
  await sendEmail({ smtpUrl, from }, address, { ...message, id: 'msg-2', references: message.id })
  expect(mails[0]!.parsed.references).toBe('<msg_3f2A-1@tidemark.invalid>')
  expect(mails[0]!.parsed.inReplyTo).toBe('<msg_3f2A-1@tidemark.invalid>')
})

test('neither a subject nor a text adds a header or ends the mail', async () => {
  const { smtpUrl, mails } = await mailbox()
  const hostile = 'x\r\nBcc: thief@example.net\r\n\r\nbody\u0000\u202e'
  const text = 'one\r\n.\r\nMAIL FROM:<thief@example.net>\n\u001b[31mtwo'
  const result = await sendEmail({ smtpUrl, from }, address, { ...message, subject: hostile, text })
  expect(result.kind).toBe('delivered')
  expect(mails).toHaveLength(1)
  const { parsed, to } = mails[0]!
  expect(to).toEqual([address])
  expect(parsed.bcc).toBeUndefined()
  expect(parsed.subject).toBe('x\ufffd\ufffdBcc: thief@example.net\ufffd\ufffd\ufffd\ufffdbody\ufffd\ufffd')
  expect(parsed.text?.trimEnd()).toBe('one\n.\nMAIL FROM:<thief@example.net>\n\ufffd[31mtwo')
  await sendEmail({ smtpUrl, from }, address, { ...message, subject: 'é'.repeat(1_000) })
  expect(mails[1]!.parsed.subject).toBe('é'.repeat(200))
})

test('an address that cannot be used is not sent to', async () => {
  const { smtpUrl, mails } = await mailbox()
  for (const hostile of ['a@example.org, b@example.org', 'a@example.org\r\nRCPT TO:<b@example.org>', 'a']) {
    const result = await sendEmail({ smtpUrl, from }, hostile, message)
    expect(result).toEqual({ kind: 'failed', reason: expect.stringContaining('The mail address cannot be used') })
  }
  expect((await sendEmail({ smtpUrl, from: 'me' }, address, message)).kind).toBe('failed')
  for (const id of ['a@b', 'a>\r\nBcc: b', ''])
    await expect(sendEmail({ smtpUrl, from }, address, { ...message, id })).rejects.toThrow(RangeError)
  await expect(sendEmail({ smtpUrl, from }, address, { ...message, references: 'a b' })).rejects.toThrow(RangeError)
  expect(mails).toEqual([])
})

test('a recipient that is refused for good is gone; any other refusal is a failure', async () => {
  const cases: [Refusal, 'gone' | 'failed'][] = [
    [{ at: 'recipient', code: 550, words: 'No such user' }, 'gone'],
    [{ at: 'recipient', code: 551, words: 'User not local' }, 'gone'],
    [{ at: 'recipient', code: 553, words: 'Mailbox name not allowed' }, 'gone'],
    [{ at: 'recipient', code: 550, words: '5.1.1 No such user' }, 'gone'],
    [{ at: 'recipient', code: 550, words: '5.2.1 Mailbox disabled' }, 'gone'],
    [{ at: 'recipient', code: 550, words: '5.7.1 Relaying denied' }, 'failed'],
    [{ at: 'recipient', code: 550, words: '5.1.8 Sender address rejected' }, 'failed'],
    [{ at: 'recipient', code: 550, words: '5.2.2 Mailbox full' }, 'failed'],
    [{ at: 'recipient', code: 552, words: 'Over quota' }, 'failed'],
    [{ at: 'recipient', code: 554, words: 'No' }, 'failed'],
    [{ at: 'recipient', code: 450, words: 'Greylisted' }, 'failed'],
    [{ at: 'sender', code: 550, words: 'Who are you' }, 'failed'],
    [{ at: 'data', code: 550, words: 'Looks like spam' }, 'failed'],
  ]
  for (const [refusal, kind] of cases) {
    const { smtpUrl } = await mailbox({ refusal })
    const saying = kind === 'gone' ? 'the mail server refuses the address' : 'the mail server answered'
    const reason = `${saying}: ${refusal.code} ${refusal.words}`
    expect(await sendEmail({ smtpUrl, from }, address, message)).toEqual({ kind, reason })
  }
})

test('the reason does not repeat the address', async () => {
  const { smtpUrl } = await mailbox({
    refusal: { at: 'recipient', code: 550, words: '<Trader@example.org>: unknown' },
  })
  expect(await sendEmail({ smtpUrl, from }, address, message)).toEqual({
    kind: 'gone',
    reason: 'the mail server refuses the address: 550 <the address>: unknown',
  })
})

test('a password is not sent without TLS, nor to a server whose certificate nobody trusts', async () => {
  const cases: [boolean, RegExp][] = [
    [false, /^no TLS with the mail server, and no password without TLS; try smtps:/],
    [true, /^the mail server: .*certificate/],
  ]
  for (const [tls, expected] of cases) {
    const { smtpUrl, mails, logins } = await mailbox({ tls })
    const withPassword = smtpUrl.replace('smtp://', 'smtp://me:pass%40word@')
    const result = await sendEmail({ smtpUrl: withPassword, from }, address, message)
    expect(result).toEqual({ kind: 'failed', reason: expect.stringMatching(expected) })
    expect(JSON.stringify(result)).not.toContain('pass@word')
    expect([logins, mails]).toEqual([[], []])
  }
})

test('with a certificate that is trusted, the login is sent before the mail, over TLS', async () => {
  const trusted = getCACertificates('default')
  setDefaultCACertificates([...trusted, certificate.cert])
  try {
    const { smtpUrl, mails, logins } = await mailbox({ tls: true })
    const withPassword = smtpUrl.replace('smtp://', 'smtp://me:pass%40word@')
    expect(await sendEmail({ smtpUrl: withPassword, from }, address, message)).toMatchObject({ kind: 'delivered' })
    expect([logins, mails.length]).toEqual([['me pass@word'], 1])
    const without = await mailbox({ tls: true, login: false })
    const demanding = without.smtpUrl.replace('smtp://', 'smtp://me:pass%40word@')
    expect(await sendEmail({ smtpUrl: demanding, from }, address, message)).toMatchObject({ kind: 'failed' })
    expect(without.mails).toEqual([])
  } finally {
    setDefaultCACertificates(trusted)
  }
})

/** A server that says what a mail server does not say. */
async function oddServer(connected: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    connected(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  opened.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a server that is silent, or never ends its greeting, is a failure in time', async () => {
  const dripping = (socket: Socket): void => {
    const timer = setInterval(() => socket.write('220-wait\r\n'), 20)
    socket.on('close', () => clearInterval(timer))
  }
  for (const connected of [() => {}, dripping]) {
    const smtpUrl = await oddServer(connected)
    const result = await sendEmail({ smtpUrl, from }, address, message, { timeoutMs: 200 })
    expect(result).toEqual({ kind: 'failed', reason: 'the mail server did not answer within 0.2 s' })
  }
})

test('a server that is not there or speaks another language is a failure', async () => {
  const web = await oddServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  expect((await sendEmail({ smtpUrl: web, from }, address, message)).kind).toBe('failed')
  const gone = await oddServer(() => {})
  await opened.pop()?.()
  const result = await sendEmail({ smtpUrl: gone, from }, address, message)
  expect(result).toEqual({ kind: 'failed', reason: expect.stringMatching(/^the mail server: .*ECONNREFUSED/) })
})

test('a caller that stops gets its reason', async () => {
  const stop = new AbortController()
  const smtpUrl = await oddServer(() => stop.abort(new Error('the service stops')))
  await expect(sendEmail({ smtpUrl, from }, address, message, { signal: stop.signal })).rejects.toThrow(
    'the service stops',
  )
})

test('the URL of a mail server names host, port, TLS and login, and nothing else', () => {
  expect(checkSmtpUrl('smtp://mail.example.org')).toEqual({ host: 'mail.example.org', port: 587, secure: false })
  expect(checkSmtpUrl('smtps://mail.example.org')).toEqual({ host: 'mail.example.org', port: 465, secure: true })
  expect(checkSmtpUrl('smtp://[::1]:25/')).toEqual({ host: '::1', port: 25, secure: false })
  expect(checkSmtpUrl('smtp://me%40example.org:p%2Fw@mail.example.org')).toMatchObject({
    auth: { user: 'me@example.org', pass: 'p/w' },
    requireTLS: true,
  })
  const refused = [
    ...['', 'mail.example.org', 'http://mail.example.org', 'smtp://', 'smtp:mail.example.org', 'smtp://a b'],
    ...['smtp://mail.example.org/path', 'smtp://mail.example.org?tls.rejectUnauthorized=false', 'smtp://h#x'],
    ...['smtp://me:100%@mail.example.org'],
  ]
  for (const text of refused) expect(() => checkSmtpUrl(text), text).toThrow(UserError)
  expect(() => checkSmtpUrl('smtp://me:secret@host/path')).not.toThrow(/secret/)
})
