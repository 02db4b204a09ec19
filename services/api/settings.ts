import { z } from 'zod'
import { isRole, type Role, roles } from '#core/api-token.ts'
import {
  ConfigError,
  connectionSettings,
  orExit,
  readerSettings,
  readServiceConfig,
  serviceSettings,
} from '#platform/process/config.ts'

const oidcSettings = {
  OIDC_ISSUER: z
    .url({ protocol: /^https?$/, error: 'the https address of an OpenID provider' })
    .optional()
    .describe('the OpenID provider at which people log in'),
  OIDC_CLIENT_ID: z.string().optional().describe('the name under which the provider knows the API'),
  OIDC_CLIENT_SECRET: z.string().optional().describe('the password of the API at the provider'),
  OIDC_SCOPE: z.string().default('openid email profile').describe('what the provider is asked for'),
  OIDC_ROLE_CLAIM: z.string().default('groups').describe('the claim of the provider that decides the role'),
  OIDC_ROLES: z
    .string()
    .transform(parseRoles)
    .optional()
    .describe('which value of the claim has which role: value:role, comma separated'),
}

/** Reads `value:role,…`. A value may have colons. */
function parseRoles(text: string, context: z.RefinementCtx): ReadonlyMap<string, Role> {
  const found = new Map<string, Role>()
  for (const pair of text.split(',').map((part) => part.trim())) {
    const [, value = '', role = ''] = /^(.+):([^:]*)$/.exec(pair) ?? []
    if (isRole(role)) found.set(value.trim(), role)
    else context.addIssue({ code: 'custom', message: `value:role, comma separated; a role is ${roles.join(', ')}` })
  }
  return found
}

export const apiSettings = {
  ...connectionSettings,
  ...serviceSettings,
  API_HOST: z.string().default('127.0.0.1').describe('the address on which the API listens'),
  API_PORT: z.coerce.number().int().min(0).max(65535).default(0).describe('the port of the API; 0: any free port'),
  API_PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: 'an http or https address such as https://tidemark.example' })
    .optional()
    .describe('the address at which others reach the API, for example through a proxy with TLS'),
  API_ANONYMOUS: z
    .enum(['on', 'off'])
    .default('on')
    .describe('whether requests without credentials may read; only on loopback'),
  API_REQUESTS_PER_MINUTE: z.coerce
    .number()
    .int()
    .min(1)
    .default(6_000)
    .describe('how many requests of a caller are answered in a minute'),
  API_PLAIN_HTTP: z
    .enum(['refused', 'allowed'])
    .default('refused')
    .describe('whether the API may listen beyond loopback although no address with https is known'),
  ...oidcSettings,
  ...readerSettings,
  NORMALIZER_URL: z.string().optional().describe('the health address of the normalizer, for replays'),
  POLLER_URL: z.string().optional().describe('the health address of the poller, for budgets and backfills'),
  SINK_URL: z.string().optional().describe('the health address of the sink, to say whether it runs'),
  MONITOR_URL: z.string().optional().describe('the health address of the monitor, to say whether it runs'),
  ALERTER_URL: z.string().optional().describe('the health address of the alerter, to say whether it runs'),
}

export type ApiConfig = Readonly<z.infer<z.ZodObject<typeof apiSettings>>>

/** Reads the settings. Exits with code 2 if a setting is invalid. */
export const readApiConfig = (): ApiConfig => orExit(() => safeConfig(readServiceConfig(apiSettings)))

/** @throws ConfigError if credentials would travel beyond this machine without TLS, or if half of OIDC is configured */
export function safeConfig(config: ApiConfig): ApiConfig {
  const { API_HOST: host, API_PUBLIC_URL: url, API_PLAIN_HTTP: plain } = config
  refuseHalfOidc(config)
  const isSafe = isLoopback(host) || plain === 'allowed' || url?.startsWith('https:') === true
  if (isSafe) return config
  throw new ConfigError(
    `API_HOST ${host} is not loopback, and tokens would travel without TLS: put a proxy with TLS in front and name it in API_PUBLIC_URL=https://…, or set API_PLAIN_HTTP=allowed where the network is yours alone.`,
  )
}

function refuseHalfOidc({ OIDC_ISSUER: issuer, OIDC_CLIENT_ID: client, OIDC_ROLES: rolesOf }: ApiConfig): void {
  if (issuer === undefined) return
  if (client === undefined || rolesOf === undefined)
    throw new ConfigError('OIDC_ISSUER needs OIDC_CLIENT_ID and OIDC_ROLES=value:role,…')
  if (issuer.startsWith('http:') && !isLoopback(new URL(issuer).hostname))
    throw new ConfigError(
      `OIDC_ISSUER ${issuer} is not loopback, and logins would travel without TLS: name an https address.`,
    )
}

const isLoopback = (host: string): boolean => /^(127\.|localhost$|\[?::1\]?$)/.test(host)
