import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'

const MIB = 1024 * 1024

/** What SQL may do. The engine refuses anything else (file, url, s3, remote, dictionaries) with ACCESS_DENIED. */
const GRANTS = `SHOW, SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, CREATE TEMPORARY TABLE, DROP,
TRUNCATE, OPTIMIZE, CHECK, KILL QUERY, dictGet, SYSTEM FLUSH, SYSTEM MERGES, SYSTEM VIEWS`

const PROFILE = {
  async_insert: 0,
  max_threads: Math.max(2, Math.min(8, availableParallelism())),
  storage_file_read_method: 'pread',
}

/**
 * Settings that no user may change. They turn strings into SQL, name files or URLs, change the language that tokens.ts
 * reads, send signals into this process, or let a query sleep for longer than a kill may take.
 */
const FIXED: Record<string, string | number> = {
  dialect: 'clickhouse',
  polyglot_dialect: '',
  implicit_select: 0,
  implicit_table_at_top_level: '',
  allow_experimental_eval_table_function: 0,
  allow_experimental_ai_functions: 0,
  allow_introspection_functions: 0,
  additional_result_filter: '',
  additional_table_filters: '{}',
  parallel_replicas_custom_key: '',
  schema_inference_hints: '',
  format_schema: '',
  format_schema_source: 'file',
  format_template_row: '',
  format_template_resultset: '',
  format_avro_schema_registry_url: '',
  output_format_schema: '',
  input_format_record_errors_file_path: '',
  rename_files_after_processing: '',
  into_outfile_create_parent_directories: 0,
  url_base: '',
  stream_like_engine_insert_queue: '',
  query_profiler_real_time_period_ns: 0,
  query_profiler_cpu_time_period_ns: 0,
  memory_profiler_step: 0,
  memory_profiler_sample_probability: 0,
  metrics_perf_events_enabled: 0,
  jemalloc_enable_profiler: 0,
  function_sleep_max_microseconds_per_block: 3_000_000,
}
const FIXED_TABLE_SETTINGS = ['merge_tree_disk', 'merge_tree_storage_policy']

/** Writes the engine's configuration and returns its path. The engine may use a third of the memory (1 to 8 GiB). */
export function writeEngineConfig(dataDir: string): string {
  const config = join(dataDir, 'config.xml')
  const users = join(dataDir, 'users.xml')
  mkdirSync(join(dataDir, 'user_files'), { recursive: true })
  writeFileSync(users, usersXml(), { mode: 0o600 })
  writeFileSync(config, serverXml(dataDir, users), { mode: 0o600 })
  return config
}

function serverXml(dataDir: string, users: string): string {
  const memoryBytes = Math.max(1024 * MIB, Math.min(8192 * MIB, Math.floor(totalmem() / 3)))
  const inside = (name: string) => escapeXml(join(dataDir, name, '/'))
  return `<clickhouse>
  <users_config>${escapeXml(users)}</users_config>
  <user_files_path>${inside('user_files')}</user_files_path>
  <user_scripts_path>${inside('user_files')}</user_scripts_path>
  <custom_local_disks_base_directory>${inside('user_files')}</custom_local_disks_base_directory>
  <access_control_improvements><table_engines_require_grant>false</table_engines_require_grant></access_control_improvements>
  <timezone>UTC</timezone>
  <max_server_memory_usage>${memoryBytes}</max_server_memory_usage>
  <mark_cache_size>${128 * MIB}</mark_cache_size>
  <index_mark_cache_size>${16 * MIB}</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_uncompressed_cache_size>0</index_uncompressed_cache_size>
  <mmap_cache_size>100</mmap_cache_size>
  <compiled_expression_cache_size>${32 * MIB}</compiled_expression_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_merges_mutations_concurrency_ratio>4</background_merges_mutations_concurrency_ratio>
  <background_common_pool_size>2</background_common_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_schedule_pool_size>8</background_schedule_pool_size>
  <merge_tree>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>2</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>2</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
</clickhouse>
`
}

function usersXml(): string {
  const settings = Object.entries({ ...PROFILE, ...FIXED }).map(([name, value]) => `<${name}>${value}</${name}>`)
  const fixed = [...Object.keys(FIXED), ...FIXED_TABLE_SETTINGS].map((name) => `<${name}><const/></${name}>`)
  return `<clickhouse>
  <profiles><default>
    ${settings.join('\n    ')}
    <constraints>
      ${fixed.join('\n      ')}
    </constraints>
  </default></profiles>
  <users><default>
    <password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
    <grants><query>GRANT ${GRANTS.replaceAll('\n', ' ')} ON *.*</query></grants>
  </default></users>
  <quotas><default/></quotas>
</clickhouse>
`
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
