// The rules, endpoints and silences of now. Each is read from its topic to the end before judging begins, and followed.
import type { RuleVersion } from '#core/alerts/rule.ts'
import type { KafkaClients } from '#platform/kafka/consuming-service.ts'
import { followNewest } from '#platform/kafka/newest-records.ts'
import type { Logger } from '#platform/process/log.ts'
import type { OnStop } from '#platform/process/run.ts'
import { alertEndpointsTopic, alertRulesTopic, alertSilencesTopic } from '#schemas/alert-topics.ts'
import type { AlertEndpoint, AlertSilence } from '#schemas/generated/records.ts'
import { type KnownRule, readRules, validRules } from './start-engine.ts'

export interface FollowedAlerts {
  /** Changes when a rule changes. */
  rulesVersion: () => number
  /** Returns the endpoints that a rule names. */
  tell: (ruleId: string) => readonly string[]
  /** The rules that can be read, with those that were deleted. */
  known: () => ReadonlyMap<string, KnownRule>
  /** The rules to judge by. */
  valid: () => readonly RuleVersion[]
  endpoint: (id: string) => AlertEndpoint | undefined
  endpoints: () => AlertEndpoint[]
  silences: () => AlertSilence[]
}

/** Begins to follow the topics. The process ends when one can no longer be followed. @throws TransientError while Kafka is away */
export async function followAlerts(clients: KafkaClients, log: Logger, onStop: OnStop): Promise<FollowedAlerts> {
  const crash = (error: Error): void => {
    log.fatal({ err: error }, 'a topic of alerts can no longer be followed')
    process.exit(1)
  }
  const rules = await followNewest(clients, alertRulesTopic, log, crash)
  onStop('rules', rules.stop)
  const endpoints = await followNewest(clients, alertEndpointsTopic, log, crash)
  onStop('endpoints', endpoints.stop)
  const silences = await followNewest(clients, alertSilencesTopic, log, crash)
  onStop('silences', silences.stop)
  let parsed = { version: -1, known: new Map<string, KnownRule>(), valid: [] as readonly RuleVersion[] }
  // A rule is parsed once a version of the topic, and not for each point.
  const parsedRules = () => {
    if (parsed.version === rules.version()) return parsed
    const known = readRules(rules.values(), log)
    parsed = { version: rules.version(), known, valid: validRules(known) }
    return parsed
  }
  return {
    ...{ rulesVersion: rules.version, endpoint: endpoints.get },
    tell: (ruleId) => parsedRules().known.get(ruleId)?.rule.tell ?? [],
    ...{ known: () => parsedRules().known, valid: () => parsedRules().valid },
    ...{ endpoints: endpoints.values, silences: silences.values },
  }
}
