import { provisionSettings } from '#infra/provision/settings.ts'
import { connectionSettings, readConfig } from '#platform/process/config.ts'
import { alertSettings, querySettings } from '#services/alerter/settings.ts'
import { apiSettings, safeConfig } from '#services/api/settings.ts'
import { normalizerSettings } from '#services/normalizer/settings.ts'
import { allPollerSettings, checkPollerSettings } from '#services/poller/settings.ts'
import { simulatorShape } from '#simulator/settings.ts'
import { backupPlan, backupSettings } from './backup-schedule.ts'

const fixedByStack = { HEALTH_HOST: undefined, HEALTH_PORT: undefined, ORIGIN: undefined, SIMULATOR_PORT: '1' }

/** Checks all settings of all parts before any part starts. @throws ConfigError with one sentence per setting */
export function checkSettings(environment: NodeJS.ProcessEnv): void {
  const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, CLICKHOUSE_URL } = environment
  const whole = {
    ...environment,
    ...fixedByStack,
    KAFKA_BROKERS: KAFKA_BROKERS || 'own:1',
    SCHEMA_REGISTRY_URL: SCHEMA_REGISTRY_URL || 'http://own',
    CLICKHOUSE_URL: CLICKHOUSE_URL || 'http://own',
  }
  const services = { ...allPollerSettings, ...connectionSettings, ...normalizerSettings, ...provisionSettings }
  const alerter = { ...querySettings, ...alertSettings }
  readConfig({ ...alerter, ...services, ...apiSettings, ...simulatorShape, ...backupSettings }, whole)
  safeConfig(readConfig(apiSettings, whole))
  checkPollerSettings(whole)
  backupPlan(environment)
}
