// What operators change about alerts. Where alerts are sent to is no part of it: addresses and secrets stay inside.
import { z } from 'zod'
import { checkTell } from '#operations/alerts/endpoints.ts'
import { type AlertParts, deleteRule, findRule, listRules, readRule, saveRule } from '#operations/alerts/rules.ts'
import { endSilence, findSilence, silence } from '#operations/alerts/silences.ts'
import { checkQuery } from '#operations/alerts/test-query.ts'
import { UserError } from '#platform/process/user-error.ts'
import type { AlertRule } from '#schemas/generated/records.ts'
import type { Caller } from '../access.ts'
import type { RememberedAlerts } from '../alert-records.ts'
import type { ApiParts, TypedServer } from '../parts.ts'
import { objectResponse } from '../responses.ts'
import { byRule, found, shownRule, shownSilence, writtenRule } from './alerts.ts'
import { changed, refuseOtherSource, why } from './change.ts'
import { readAt } from './parameters.ts'

const pattern = (max: number) => z.string().min(1).max(max).default('*').describe('* stands for any characters')

/** Adds the changes of rules and silences. Each takes a reason and is an audit record. */
export function addAlertChangeRoutes(server: TypedServer, parts: ApiParts, alerts: RememberedAlerts): void {
  const alertParts: AlertParts = { kafka: parts.raw.kafka, registry: parts.raw.registry, log: parts.log }
  addRuleChanges(server, parts, alertParts, alerts)
  addSilenceChanges(server, parts, alertParts, alerts)
}

const about = (summary: string) => ({ summary, tags: ['alerts'], response: objectResponse })
const operator = { role: 'operator' as const }
const reason = z.strictObject({ why })

function addRuleChanges(
  server: TypedServer,
  parts: ApiParts,
  alertParts: AlertParts,
  { forget }: RememberedAlerts,
): void {
  server.put(
    '/api/v1/alerts/rules/:id',
    {
      config: operator,
      schema: {
        ...about('Save an alert rule; each change is a version'),
        params: byRule,
        body: z.strictObject({ rule: writtenRule, why }),
      },
    },
    async (request) => {
      const { caller, params, body } = request
      const named = body.rule.id ?? params.id
      if (named !== params.id)
        throw new UserError(`The rule has the id ${JSON.stringify(named)}, and the path names ${params.id}.`)
      const rule = readRule({ ...body.rule, id: params.id })
      refuseOtherRule(caller, rule.of)
      await checkQuery(parts.store, rule, parts.nowMs())
      const before = (await listRules(alertParts)).find(({ id }) => id === rule.id)
      if (before !== undefined) refuseOtherRule(caller, selectorOf(before))
      await checkTell(alertParts, [rule])
      const change = { action: 'save-alert-rule', target: { rule }, why: body.why, isDry: false }
      return changed(parts, request, change, async () => {
        const saved = await saveRule(alertParts, rule, { by: caller.name, why: body.why })
        forget()
        return shownRule(saved)
      })
    },
  )
  server.delete(
    '/api/v1/alerts/rules/:id',
    {
      config: operator,
      schema: { ...about('Delete an alert rule; what it told stays'), params: byRule, body: reason },
    },
    async (request) => {
      const { caller, params, body } = request
      refuseOtherRule(caller, selectorOf(await found(() => findRule(alertParts, params.id))))
      const change = { action: 'delete-alert-rule', target: params, why: body.why, isDry: false }
      return changed(parts, request, change, async () => {
        const { id, version } = await deleteRule(alertParts, params.id, { by: caller.name, why: body.why })
        forget()
        return { id, version }
      })
    },
  )
}

function addSilenceChanges(
  server: TypedServer,
  parts: ApiParts,
  alertParts: AlertParts,
  { forget }: RememberedAlerts,
): void {
  server.post(
    '/api/v1/alerts/silences',
    {
      config: operator,
      schema: {
        ...about('Do not send alerts until an instant; they are still in the history'),
        body: z.strictObject({
          ...{ rule: pattern(63), dataset: pattern(200), key: pattern(500) },
          until: z.string().max(80).describe('an instant with Z or an offset, at most 90 days ahead'),
          why,
        }),
      },
    },
    async (request) => {
      const { caller, body } = request
      const { why: because, until, ...which } = body
      refuseOtherRule(caller, which)
      const untilMs = readAt(until, 'until') ?? 0
      const change = { action: 'silence-alerts', target: { ...which, until }, why: because, isDry: false }
      return changed(parts, request, change, async () => {
        const made = await silence(alertParts, { ...which, untilMs, why: because, by: caller.name })
        forget()
        return shownSilence(made)
      })
    },
  )
  server.delete(
    '/api/v1/alerts/silences/:id',
    {
      config: operator,
      schema: { ...about('End a silence now'), params: z.object({ id: z.string().max(60) }), body: reason },
    },
    async (request) => {
      const { caller, params, body } = request
      refuseOtherRule(caller, await found(() => findSilence(alertParts, params.id)))
      const change = { action: 'end-silence', target: params, why: body.why, isDry: false }
      return changed(parts, request, change, async () => {
        const ended = await endSilence(alertParts, params.id)
        forget()
        return shownSilence(ended)
      })
    },
  )
}

/** @throws Problem 403 if the caller may change another source alone, or one source and the pattern takes several */
const refuseOtherRule = (caller: Caller, { dataset }: { dataset: string }): void =>
  refuseOtherSource(caller, dataset.split('.')[0] ?? '')

const selectorOf = ({ rule }: AlertRule): { dataset: string } => ({
  dataset: String(JSON.parse(rule).of?.dataset ?? ''),
})
