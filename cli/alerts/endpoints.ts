import { Command, Option } from 'commander'
import { alertMasterKey } from '#local/alert-key.ts'
import {
  deleteEndpoint,
  findEndpoint,
  listEndpoints,
  rotateSecret,
  saveEndpoint,
} from '#operations/alerts/endpoints.ts'
import { sendTest } from '#operations/alerts/send-test.ts'
import { checkWebhookUrl } from '#platform/delivery/address-guard.ts'
import { checkMailAddress } from '#platform/delivery/mail-address.ts'
import { listedNetworks } from '#platform/delivery/reserved-networks.ts'
import { signingSecret } from '#platform/delivery/signing-secret.ts'
import { UserError } from '#platform/process/user-error.ts'
import { whoAmI } from '#platform/process/who.ts'
import type { AlertEndpoint } from '#schemas/generated/records.ts'
import { aligned } from '../aligned.ts'
import { type AlertClients, type AlertOptions, print, withAlerts, withOptions } from './parts.ts'

export const endpointCommands = (): Command =>
  new Command('endpoint')
    .description('where alerts are sent; a rule names endpoints in `tell`')
    .addCommand(
      withOptions(new Command('add'))
        .description('save a webhook or an e-mail address; prints the signing secret of a webhook')
        .argument('<id>', 'small letters, digits and hyphens')
        .addOption(new Option('--webhook <url>', 'https://…').conflicts('email'))
        .option('--email <address>')
        .option('--owner <name>', 'whom it belongs to (default: you)')
        .action(add),
    )
    .addCommand(withOptions(new Command('list')).description('all endpoints').action(list))
    .addCommand(
      withOptions(new Command('secret')).description('the signing secret of a webhook').argument('<id>').action(secret),
    )
    .addCommand(
      withOptions(new Command('rotate'))
        .description('a new signing secret; the one before signs, too, for a day')
        .argument('<id>')
        .action(rotate),
    )
    .addCommand(
      withOptions(new Command('send-test')).description('send a message to an endpoint').argument('<id>').action(test),
    )
    .addCommand(
      withOptions(new Command('delete'))
        .description('forget an endpoint and its address')
        .argument('<id>')
        .action(remove),
    )

interface AddOptions extends AlertOptions {
  webhook?: string
  email?: string
  owner?: string
}

async function add(id: string, { webhook, email, owner = whoAmI(), ...options }: AddOptions): Promise<void> {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(id))
    throw new UserError(`${id} is not the id of an endpoint: small letters, digits and hyphens.`)
  const address = webhook ?? email
  if (address === undefined) throw new UserError('Name --webhook URL or --email ADDRESS.')
  if (webhook !== undefined) checkWebhookUrl(webhook, allowedNetworks())
  else checkMailAddress(address)
  const kind = webhook === undefined ? 'email' : 'webhook'
  await withAlerts(options, async (parts) => {
    const endpoint = await saveEndpoint(parts, { id, kind, address, owner }, whoAmI())
    if (options.json) return print({ ...endpoint, ...(webhook && { secret: secretOf(parts, endpoint) }) })
    process.stdout.write(`${id} is saved; a rule tells it by "tell": ["${id}"]\n`)
    if (webhook !== undefined) process.stdout.write(`signing secret: ${secretOf(parts, endpoint)}\n`)
  })
}

const allowedNetworks = (): string[] => listedNetworks(process.env.ALERT_ALLOWED_NETWORKS ?? '')

function secretOf({ stack }: AlertClients, { id, keyGeneration }: AlertEndpoint): string {
  const key = process.env.ALERT_MASTER_KEY || alertMasterKey(stack.dataDir)
  return signingSecret(Buffer.from(key, 'base64'), id, keyGeneration)
}

async function list(options: AlertOptions): Promise<void> {
  const endpoints = await withAlerts(options, listEndpoints)
  if (options.json) return print(endpoints)
  if (endpoints.length === 0)
    return void process.stderr.write('there is no endpoint; `npx tidemark alerts endpoint add` saves one\n')
  const lines = endpoints.map(({ id, kind, address, owner, disabledWhy }) => [
    ...[id, kind, address, owner, disabledWhy === null ? 'in use' : `disabled: ${disabledWhy}`],
  ])
  process.stdout.write(`${aligned([['id', 'kind', 'address', 'owner', 'state'], ...lines]).join('\n')}\n`)
}

async function secret(id: string, options: AlertOptions): Promise<void> {
  await withAlerts(options, async (parts) => {
    const endpoint = await findEndpoint(parts, id)
    if (endpoint.kind !== 'webhook') throw new UserError(`${id} is an e-mail address: nothing is signed.`)
    process.stdout.write(`${secretOf(parts, endpoint)}\n`)
  })
}

async function rotate(id: string, options: AlertOptions): Promise<void> {
  await withAlerts(options, async (parts) => {
    const endpoint = await rotateSecret(parts, id, whoAmI())
    process.stdout.write(`${secretOf(parts, endpoint)}\n`)
    process.stderr.write('the secret before signs, too, for 24 hours\n')
  })
}

async function test(id: string, options: AlertOptions): Promise<void> {
  const event = await withAlerts(options, (parts) => sendTest(parts, id, whoAmI()))
  process.stdout.write(
    `a test is on its way; \`npx tidemark alerts explain ${event.slice(0, 8)}\` says what became of it\n`,
  )
}

async function remove(id: string, options: AlertOptions): Promise<void> {
  await withAlerts(options, (parts) => deleteEndpoint(parts, id))
  process.stdout.write(`${id} and its address are forgotten\n`)
}
