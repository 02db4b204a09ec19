import { Command, Option } from 'commander'
import { type Role, refusalOfToken, roles } from '#core/api-token.ts'
import type { StackFile } from '#local/stack-file.ts'
import { createToken, listTokens, revokeToken, type TokenParts } from '#operations/tokens/tokens.ts'
import { UserError } from '#platform/process/user-error.ts'
import { utcText } from '#platform/process/utc-text.ts'
import { whoAmI } from '#platform/process/who.ts'
import type { ApiToken } from '#schemas/generated/records.ts'
import { abortWhenStackStops } from './abort-when-stack-stops.ts'
import { aligned } from './aligned.ts'
import { dataDirectory, findRunningStack } from './directories.ts'
import { connectTo } from './stack-clients.ts'

interface TokenOptions {
  data?: string
  json?: boolean
}

interface CreateOptions extends TokenOptions {
  role: Role
  source?: string
  expires?: string
}

const goneAfterMs = 10_000

export const token = (): Command =>
  new Command('token')
    .description('tokens of the API: create, list, revoke')
    .addCommand(
      withOptions(new Command('create'))
        .description('create a token and print it once; nobody can read it later')
        .addOption(new Option('--role <role>', 'what it may do').choices(roles).makeOptionMandatory())
        .option('--source <name>', 'it may change datasets of this source alone (default: of all)')
        .option('--expires <days>', 'days until it is refused (default: it does not expire)')
        .action(create),
    )
    .addCommand(
      withOptions(new Command('list'))
        .description('all tokens, and the sessions and links that are valid, without their text')
        .action(list),
    )
    .addCommand(
      withOptions(new Command('revoke'))
        .description('refuse a token from now on')
        .argument('<id>', 'as `tidemark token list` names it')
        .action(revoke),
    )

const withOptions = (command: Command): Command =>
  command
    .option('--data <dir>', 'data directory of the stack (default: the running one, live first)', dataDirectory)
    .option('--json', 'print it as JSON')

async function create({ role, source, expires, ...options }: CreateOptions): Promise<void> {
  const request = { role, source: source ?? null, expiresInDays: daysOf(expires), by: whoAmI() }
  const { text, token: made } = await withParts(options, (parts) => createToken(parts, request))
  if (options.json) return void process.stdout.write(`${JSON.stringify({ token: text, ...shown(made) })}\n`)
  const until = made.expiresAt === null ? 'until it is revoked' : `until ${utcText(made.expiresAt)} UTC`
  process.stdout.write(`${text}\n`)
  process.stderr.write(`token ${made.id} has the role ${role} ${until}; nobody can read it again: keep it now\n`)
}

async function list(options: TokenOptions): Promise<void> {
  const all = (await withParts(options, listTokens)).filter(isWorthALine)
  if (options.json) return void process.stdout.write(`${JSON.stringify(all.map(shown))}\n`)
  if (all.length === 0) return void process.stderr.write('there is no token; `npx tidemark token create` makes one\n')
  const lines = all.map((each) => [
    ...[each.id, each.kind, each.role, each.source ?? 'all sources', stateOf(each), each.createdBy],
  ])
  const head = ['id', 'kind', 'role', 'may change', 'state', 'created by']
  process.stdout.write(`${aligned([head, ...lines]).join('\n')}\n`)
}

async function revoke(id: string, options: TokenOptions): Promise<void> {
  const revoked = await withParts(options, (parts) => revokeToken(parts, id))
  const text = `token ${id} is refused since ${utcText(revoked.revokedAt ?? 0)} UTC\n`
  process.stdout.write(options.json ? `${JSON.stringify(shown(revoked))}\n` : text)
}

const withParts = <T>({ data }: TokenOptions, work: (parts: TokenParts) => Promise<T>): Promise<T> =>
  withTokenParts(findRunningStack(data), work)

/** Runs `work` with the stack's clients for tokens. @throws UserError if the stack has stopped; errors of `work` */
export function withTokenParts<T>(stack: StackFile, work: (parts: TokenParts) => Promise<T>): Promise<T> {
  return abortWhenStackStops(stack, goneAfterMs, async () => {
    const { kafka, registry, store } = connectTo(stack, 'token')
    return work({ kafka, registry }).finally(() => store.close())
  })
}

/** Each login leaves a session behind: those that are over are not shown. */
const isWorthALine = (token: ApiToken): boolean =>
  token.kind === 'token' || refusalOfToken(token, Date.now()) === undefined

const maxDays = 3_650

function daysOf(text: string | undefined): number | null {
  if (text === undefined) return null
  const days = Number(text)
  if (Number.isInteger(days) && days >= 1 && days <= maxDays) return days
  throw new UserError(`--expires ${text} is not a number of days from 1 to ${maxDays}.`)
}

function stateOf({ revokedAt, expiresAt }: ApiToken): string {
  if (revokedAt !== null) return `revoked ${utcText(revokedAt)}`
  if (expiresAt === null) return 'valid'
  return `${expiresAt <= Date.now() ? 'expired' : 'valid until'} ${utcText(expiresAt)}`
}

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

const shown = ({ id, kind, role, source, createdAt, createdBy, expiresAt, revokedAt }: ApiToken) => ({
  ...{
    id,
    kind,
    role,
    source,
    createdAt: iso(createdAt),
    createdBy,
    expiresAt: iso(expiresAt),
    revokedAt: iso(revokedAt),
  },
})
