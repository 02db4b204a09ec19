import type { HostAndPort, PublicAddresses } from '#catalogue/export/addresses.ts'
import { UserError } from '#platform/process/user-error.ts'

export interface AddressOptions {
  publicUrl?: string
  publicKafka?: string
  publicClickhouse?: string
}

/** Reads where others reach this tidemark. @throws UserError if an address cannot be one */
export const readAddresses = ({ publicUrl, publicKafka, publicClickhouse }: AddressOptions): PublicAddresses => ({
  url: publicUrl === undefined ? null : readBase(publicUrl),
  kafka: publicKafka === undefined ? null : readHost('--public-kafka', publicKafka),
  clickhouse: publicClickhouse === undefined ? null : readHost('--public-clickhouse', publicClickhouse),
})

function readBase(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UserError(`--public-url ${text} is not an address: say one such as https://data.example.org/tidemark.`)
  // An export is for others, and a password in it would be, too.
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new UserError('--public-url has a user, a password, a query or a fragment: say only host and path.')
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}

const maxPort = 65_535

function readHost(option: string, text: string): HostAndPort {
  const [, host = '', digits = ''] = /^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (host === '' || port < 1 || port > maxPort)
    throw new UserError(`${option} ${text} is not a host and a port: say them as in data.example.org:9092.`)
  return { host, port }
}
