import { Command, Option } from 'commander'
import { type Role, roles } from '#core/api-token.ts'
import { addressOfLink, createLink } from '#operations/tokens/tokens.ts'
import { utcText } from '#platform/process/utc-text.ts'
import { whoAmI } from '#platform/process/who.ts'
import { dataDirectory, findRunningStack } from './directories.ts'
import { withTokenParts } from './token.ts'

interface OpenOptions {
  role: Role
  data?: string
  json?: boolean
}

export const open = (): Command =>
  new Command('open')
    .description('print a link that logs a browser of this machine in, once, within ten minutes')
    .addOption(new Option('--role <role>', 'what the browser may do').choices(roles).default('operator'))
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print it as JSON')
    .action(print)

async function print({ role, json, data }: OpenOptions): Promise<void> {
  const stack = findRunningStack(data)
  const { text, token } = await withTokenParts(stack, (parts) => createLink(parts, { role, by: whoAmI() }))
  const url = addressOfLink(stack.endpoints.api, text)
  const expires = utcText(token.expiresAt ?? 0)
  if (json) return void process.stdout.write(`${JSON.stringify({ url, role, expires })}\n`)
  process.stdout.write(`${url}\n`)
  process.stderr.write(
    `the link opens one session with the role ${role}, until ${expires}; the session ends after 12 h\n`,
  )
}
