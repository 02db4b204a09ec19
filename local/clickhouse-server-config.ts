import { createHash } from 'node:crypto'
import type { Credentials } from './clickhouse/credentials.ts'

/**
 * The whole configuration of a `clickhouse server` for one data directory: HTTP on loopback, everything it writes in
 * `dataDir`, the two users of the credentials (hashed), times in UTC.
 */
export function clickHouseServerConfig(dataDir: string, port: number, credentials: Credentials): string {
  const path = escapeXml(dataDir)
  return `<clickhouse>
  <listen_host>127.0.0.1</listen_host>
  <http_port>${port}</http_port>
  <timezone>UTC</timezone>
  <path>${path}/store/</path>
  <tmp_path>${path}/tmp/</tmp_path>
  <user_files_path>${path}/user_files/</user_files_path>
  <format_schema_path>${path}/format_schemas/</format_schema_path>
  <logger><level>warning</level><console>1</console></logger>
  <mark_cache_size>268435456</mark_cache_size>
  <max_server_memory_usage_to_ram_ratio>0.5</max_server_memory_usage_to_ram_ratio>
  <profiles><default></default><writer></writer><reader><readonly>2</readonly></reader></profiles>
  <quotas><default></default></quotas>
  <users>
${user(credentials.writer, 'writer')}
${user(credentials.reader, 'reader')}
  </users>
</clickhouse>
`
}

function user({ user: name, password }: Credentials['writer'], profile: 'writer' | 'reader'): string {
  const hash = createHash('sha256').update(password).digest('hex')
  return `    <${name}>
      <password_sha256_hex>${hash}</password_sha256_hex>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>${profile}</profile>
      <quota>default</quota>
    </${name}>`
}

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
