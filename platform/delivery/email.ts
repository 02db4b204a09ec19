import { createTransport } from 'nodemailer'
import { printable } from '../process/printable.ts'
import { UserError } from '../process/user-error.ts'
import { checkMailAddress } from './mail-address.ts'
import { type AlertMessage, checkedMessageId, type DeliveryResult, deliveryTimeoutMs, wordsOf } from './message.ts'

export interface EmailSettings {
  /** The server that takes mail: smtp://host:port, or smtps:// with TLS from the start. May hold user name and password. */
  smtpUrl: string
  /** The address that mails are from. */
  from: string
}

export interface EmailOptions {
  /** The time for everything, from the look-up of the name to the server's answer. Default: 20 s. */
  timeoutMs?: number
  signal?: AbortSignal
}

/**
 * Hands a message to the mail server once: plain text, for one address. Mail clients show a resolve below its firing. `gone`:
 * the server refuses the address for good. The address is not in the reasons.
 *
 * @throws RangeError if the message's id does not fit
 * @throws the reason of the signal if it aborts before the answer: nobody knows whether the message was taken
 */
export async function sendEmail(
  { smtpUrl, from }: EmailSettings,
  address: string,
  message: AlertMessage,
  { timeoutMs = deliveryTimeoutMs, signal }: EmailOptions = {},
): Promise<DeliveryResult> {
  const mail = mailOf(message)
  const deadline = AbortSignal.timeout(timeoutMs)
  try {
    const server = checkSmtpUrl(smtpUrl)
    const to = checkMailAddress(address)
    const sender = checkMailAddress(from)
    const { response } = await createTransport({
      ...server,
      ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs, dnsTimeout: timeoutMs },
      ...{ disableFileAccess: true, disableUrlAccess: true },
    }).sendMail({
      ...mail,
      from: { name: 'tidemark', address: sender },
      to: { name: '', address: to },
      envelope: { from: sender, to: [to] },
      signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
    })
    return { kind: 'delivered', status: Number.parseInt(response, 10) }
  } catch (error) {
    signal?.throwIfAborted()
    if (deadline.aborted)
      return { kind: 'failed', reason: `the mail server did not answer within ${timeoutMs / 1_000} s` }
    return refusalOf(error)
  }
}

interface MailServer {
  host: string
  port: number
  secure: boolean
  auth?: { user: string; pass: string }
  requireTLS?: boolean
  forceAuth?: boolean
}

/**
 * Checks the URL of the mail server. A password is only sent over TLS: with smtp:// the server must offer STARTTLS. The URL
 * is not in the error, because it may hold the password. Pure. @throws UserError
 */
export function checkSmtpUrl(text: string): MailServer {
  const url = URL.parse(text)
  const host = url?.hostname.replace(/^\[|\]$/g, '') ?? ''
  const isServer = url !== null && /^smtps?:$/.test(url.protocol) && /^[A-Za-z0-9.:_-]+$/.test(host)
  if (!isServer || !/^\/?$/.test(url.pathname) || url.search !== '' || url.hash !== '')
    throw new UserError(
      'The URL of the mail server cannot be used; write smtp://host:587 or smtps://user:password@host:465, with signs such as @ and / in a password percent-encoded, and without path and parameters',
    )
  const secure = url.protocol === 'smtps:'
  const server = { host, port: Number(url.port) || (secure ? 465 : 587), secure }
  if (url.username === '') return server
  return {
    ...server,
    auth: { user: decoded(url.username), pass: decoded(url.password) },
    requireTLS: !secure,
    forceAuth: true,
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new UserError(
      'The user name or password in the URL of the mail server has a % that encodes nothing; write %25',
    )
  }
}

const maxSubjectChars = 200

function mailOf({ id, atMs, subject, text, references }: AlertMessage) {
  const firing = references === undefined ? undefined : messageIdOf(references)
  return {
    messageId: messageIdOf(id),
    date: new Date(atMs),
    subject: Array.from(printable(subject)).slice(0, maxSubjectChars).join(''),
    text: text.split(/\r?\n/).map(printable).join('\n'),
    headers: { 'Auto-Submitted': 'auto-generated', 'List-Id': 'tidemark alerts <alerts.tidemark.invalid>' },
    ...(firing !== undefined && { inReplyTo: firing, references: firing }),
  }
}

/** The domain is of nobody (RFC 2606), and the same on every host: a repeated message has the same Message-ID. */
const messageIdOf = (id: string): string => `<${checkedMessageId(id)}@tidemark.invalid>`

const goneReplies: readonly unknown[] = [550, 551, 553]
/**
 * Enhanced codes (RFC 3463) that say the mailbox is not there. Others, such as 5.7.1, are about the sender or the server, and
 * say nothing of the recipient.
 */
const goneCode = /^\d{3}[ -]5\.(0\.0|1\.[0-36]|1\.10|2\.[01])\b/
const enhancedCode = /^\d{3}[ -]5\.\d+\.\d+\b/

/** Servers repeat the address in their replies. */
const mailAddress = /[^\s<>]+@[^\s<>]+/g

interface SmtpRefusal {
  code?: unknown
  command?: unknown
  responseCode?: unknown
  response?: unknown
}

function refusalOf(error: unknown): DeliveryResult {
  if (error instanceof UserError) return { kind: 'failed', reason: error.message }
  const { code, command, responseCode, response } = error as SmtpRefusal
  const reply = typeof response === 'string' ? response : ''
  const message = error instanceof Error ? error.message : String(error)
  const said = wordsOf((reply === '' ? message : reply).replace(mailAddress, 'the address'))
  if (code === 'ETLS')
    return { kind: 'failed', reason: `no TLS with the mail server, and no password without TLS; try smtps://: ${said}` }
  const isRecipient = command === 'RCPT TO' && goneReplies.includes(responseCode)
  if (isRecipient && (!enhancedCode.test(reply) || goneCode.test(reply)))
    return { kind: 'gone', reason: `the mail server refuses the address: ${said}` }
  return { kind: 'failed', reason: reply === '' ? `the mail server: ${said}` : `the mail server answered: ${said}` }
}
