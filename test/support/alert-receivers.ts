// Receivers of alerts: a webhook that verifies what it gets, as Standard Webhooks says, and a mail server.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'
import { Webhook } from 'standardwebhooks'
import { signingSecret } from '#platform/delivery/signing-secret.ts'

/** What a webhook says of a transition. */
export interface ToldEvent {
  id: string
  kind: string
  rule: string
  key: string
  value: number | null
  onset_at: string
  ends_at: string | null
  firing_id: string | null
}

export interface ReceivedWebhook {
  /** The header `webhook-id`. */
  id: string
  /** The endpoint whose secret has signed it. */
  endpoint: string
  type: string
  data: { count: number; more: number; events: ToldEvent[] }
  body: string
}

export interface ReceivedMail {
  /** The header `Message-ID`. */
  id: string | undefined
  references: unknown
  subject: string | undefined
  text: string | undefined
}

export interface WebhookReceiver {
  /** What was answered with 204, in the order of arrival. */
  received: ReceivedWebhook[]
  /** The address of an endpoint. */
  urlOf: (endpoint: string) => string
  stop: () => void
}

/**
 * Listens for webhooks, and verifies that each is signed with the secret of the endpoint that its path names.
 * @param statusOf what it answers
 * @param generationOf the generation of the secret
 */
export async function listenForHooks(
  masterKey: Buffer,
  statusOf: (endpoint: string) => number,
  generationOf: (endpoint: string) => number,
): Promise<WebhookReceiver> {
  const received: ReceivedWebhook[] = []
  const verifiers = new Map<string, Webhook>()
  const verifierOf = (endpoint: string): Webhook => {
    const verifier = verifiers.get(endpoint) ?? new Webhook(signingSecret(masterKey, endpoint, generationOf(endpoint)))
    verifiers.set(endpoint, verifier)
    return verifier
  }
  const server = createServer(async (request, response) => {
    // A sender that is killed while it sends has sent nothing.
    const body = await text(request).catch(() => undefined)
    if (body === undefined) return
    const headers = request.headers as Record<string, string>
    const endpoint = request.url?.split('/').at(-1) ?? ''
    const { type, data } = verifierOf(endpoint).verify(body, headers) as ReceivedWebhook
    const status = statusOf(endpoint)
    if (status === 204) received.push({ id: headers['webhook-id'] ?? '', endpoint, type, data, body })
    response.writeHead(status).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    received,
    urlOf: (endpoint) => `http://127.0.0.1:${port}/alerts/${endpoint}`,
    stop: () => void server.close(),
  }
}

export interface MailReceiver {
  mails: ReceivedMail[]
  url: string
  stop: () => Promise<void>
}

export async function listenForMail(): Promise<MailReceiver> {
  const mails: ReceivedMail[] = []
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => {
      simpleParser(stream).then(({ messageId, ...mail }) => {
        mails.push({ id: messageId, references: mail.references, subject: mail.subject, text: mail.text })
        done()
      }, done)
    },
  })
  // A sender that is killed resets its connection.
  smtp.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ECONNRESET') throw error
  })
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', () => resolve()))
  return {
    mails,
    url: `smtp://127.0.0.1:${(smtp.server.address() as AddressInfo).port}`,
    stop: () => new Promise<void>((resolve) => smtp.close(() => resolve())),
  }
}
