// What alert rules are there, what they told, what is silenced, and what a rule would have told in the past.
import { z } from 'zod'
import { describeCondition, describeEvent } from '#core/alerts/describe-rule.ts'
import { describeQueryRun } from '#core/alerts/query-status.ts'
import { isQuery, queryDataset } from '#core/alerts/rule.ts'
import type { Transition, TransitionKind } from '#core/alerts/transition.ts'
import { includesRole } from '#core/api-token.ts'
import { type Backtest, backtest } from '#operations/alerts/backtest.ts'
import { alertEvent, deliveriesOf, eventsList, openList, unknownRules } from '#operations/alerts/history.ts'
import { queryRuns } from '#operations/alerts/query-runs.ts'
import { readRule, savedRule } from '#operations/alerts/rules.ts'
import { heldBack } from '#operations/alerts/silences.ts'
import { UserError } from '#platform/process/user-error.ts'
import type { AlertEvent, AlertRule, AlertSilence } from '#schemas/generated/records.ts'
import type { Caller } from '../access.ts'
import type { RememberedAlerts } from '../alert-records.ts'
import type { ApiParts, TypedServer } from '../parts.ts'
import { Problem } from '../problem.ts'
import { objectResponse } from '../responses.ts'
import { untilGone } from '../rows.ts'
import { createTurns } from '../turns.ts'
import { refuseOtherSource } from './change.ts'
import { addListRoute } from './list-route.ts'
import { readAt, readSpan, spanParameters } from './parameters.ts'

const monthMs = 30 * 86_400_000
/** A test reads up to millions of points, and the API answers others meanwhile. */
const maxTests = { running: 1, waiting: 20 }
/** The newest transitions of a test that are sent. */
const maxTransitions = 5_000

const kinds = [
  'firing',
  'changed',
  'resolved',
  'cancelled',
  'happened',
  'unknown',
  'known',
] as const satisfies readonly TransitionKind[]

export const byRule = z.object({ id: z.string().max(63).describe('the id of the rule') })

export const writtenRule = z
  .record(z.string(), z.unknown())
  .describe('a rule as JSON, as `npx tidemark alerts show` prints it')

/** Adds the reads of alerts, and the test of a rule on the past. */
export function addAlertRoutes(server: TypedServer, parts: ApiParts, { rules, silences }: RememberedAlerts): void {
  const about = (summary: string) => ({
    config: { role: 'reader' as const },
    schema: { summary, tags: ['alerts'], response: objectResponse },
  })
  const shownRules = async () => {
    const [all, runs, unknown] = await Promise.all([
      rules(),
      queryRuns(parts.alerterUrl),
      unknownRules(parts.store, parts.nowMs()),
    ])
    const queryOf = (id: string) => {
      const run = runs.get(id)
      return run === undefined ? null : { ...run, says: describeQueryRun(run) }
    }
    const unknownOf = (id: string) => {
      const own = unknown?.filter(({ ruleId }) => ruleId === id)
      return own?.map(({ dataset, onsetAt, detail }) => ({ dataset, onsetAt: iso(onsetAt), detail })) ?? null
    }
    return all.map((rule) => ({ ...shownRule(rule), query: queryOf(rule.id), unknown: unknownOf(rule.id) }))
  }
  server.get('/api/v1/alerts/rules', about('The alert rules, each with its condition in words'), async () => ({
    data: await shownRules(),
  }))
  addRule(server, shownRules)
  const ofSilences = about('When alerts are not sent, until when, why, and how many that fire are held back now')
  server.get('/api/v1/alerts/silences', ofSilences, async () => {
    const all = await silences()
    const held = await heldBack(parts.store, all, parts.nowMs())
    return { data: all.map((each) => ({ ...shownSilence(each), holdsBack: held.get(each.id) ?? 0 })) }
  })
  addListRoute(server, parts, {
    path: '/api/v1/alerts/firing',
    summary: 'The episodes that are open: since when, the value that began it, and the end as far as it is known',
    tag: 'alerts',
    parameters: {
      kind: z
        .enum(['firing', 'unknown'])
        .default('firing')
        .describe('unknown: of rules that miss data, and cannot judge'),
    },
    list: ({ kind }) => ({ list: openList(kind, parts.nowMs()) }),
  })
  addListRoute(server, parts, {
    path: '/api/v1/alerts/events',
    summary: 'What alert rules told, newest first; `from` and `to`: of episodes that began in this span',
    tag: 'alerts',
    parameters: {
      rule: z.string().max(63).optional().describe('the id of a rule'),
      dataset: z.string().max(200).optional().describe('such as jao.core.maxExchanges'),
      key: z.string().max(500).optional(),
      kind: z.enum(kinds).optional(),
      since: z.string().max(80).optional().describe('told at this instant or later, with Z or an offset'),
      ...spanParameters,
    },
    list: ({ rule, dataset, key, kind, since, ...span }) => ({
      list: eventsList({ rule, dataset, key, kind, sinceMs: readAt(since, 'since') ?? undefined, ...readSpan(span) }),
      dataset,
    }),
  })
  addEvent(server, parts)
  addTest(server, parts)
}

function addRule(
  server: TypedServer,
  rules: () => Promise<(ReturnType<typeof shownRule> & { query: unknown; unknown: unknown })[]>,
): void {
  server.get(
    '/api/v1/alerts/rules/:id',
    {
      config: { role: 'reader' },
      schema: { summary: 'An alert rule', tags: ['alerts'], params: byRule, response: objectResponse },
    },
    async ({ params: { id } }) => {
      const found = (await rules()).find((rule) => rule.id === id)
      if (found === undefined) throw new Problem(404, 'Not found', `There is no alert rule ${id}.`)
      return found
    },
  )
}

function addEvent(server: TypedServer, { store }: ApiParts): void {
  const params = z.object({ id: z.string().max(32).describe('the id, or its first 8 or more characters') })
  server.get(
    '/api/v1/alerts/events/:id',
    {
      config: { role: 'reader' },
      schema: {
        summary: 'What was told: the numbers behind it, and to which endpoints it was sent',
        tags: ['alerts'],
        params,
        response: objectResponse,
      },
    },
    async ({ params: { id } }) => {
      const event = await found(() => alertEvent(store, id))
      const deliveries = await deliveriesOf(store, event.id)
      return {
        ...shownEvent(event),
        deliveries: deliveries.map(({ endedAt, ...rest }) => ({ ...rest, endedAt: iso(endedAt) })),
      }
    },
  )
}

function addTest(server: TypedServer, { store, nowMs }: ApiParts): void {
  const turns = createTurns<Backtest>(maxTests)
  server.post(
    '/api/v1/alerts/test',
    {
      config: { role: 'reader' },
      schema: {
        summary: 'When a rule would have alerted in the past, by the code of the alerter; nothing is saved',
        tags: ['alerts'],
        body: z.strictObject({
          rule: writtenRule,
          from: z.string().max(80).optional().describe('Default: 30 days before `to`'),
          to: z.string().max(80).optional().describe('end, which is excluded. Default: now'),
          asKnown: z
            .boolean()
            .default(false)
            .describe('true: each point is judged by what was known when it became known'),
        }),
        response: objectResponse,
      },
    },
    async ({ body: { rule: written, from, to, asKnown: isAsKnown }, caller }, reply) => {
      const rule = readRule(written)
      if (isQuery(rule.when)) refuseQuery(caller)
      const toMs = readAt(to, 'to') ?? nowMs()
      const fromMs = readAt(from, 'from') ?? toMs - monthMs
      if (fromMs >= toMs) throw new UserError('`to` must be after `from`: the span is [from, to).')
      const name = JSON.stringify([rule, from ?? null, to ?? null, isAsKnown])
      const result = await turns.take(name, untilGone(reply), () =>
        backtest(store, { rule, version: 1, fromMs, toMs, isAsKnown }),
      )
      return { from: iso(fromMs), to: iso(toMs), asKnown: isAsKnown, says: describeCondition(rule), ...shown(result) }
    },
  )
}

/** A query reads what the API shows to operators alone. @throws Problem 403 */
function refuseQuery(caller: Caller): void {
  if (!includesRole(caller.role, 'operator'))
    throw new Problem(403, 'Forbidden', `To test a rule with a query needs the role operator; you are ${caller.role}.`)
  refuseOtherSource(caller, queryDataset)
}

/** Returns what `find` finds. @throws Problem 404 in the words of its UserError */
export async function found<Value>(find: () => Promise<Value>): Promise<Value> {
  try {
    return await find()
  } catch (error) {
    if (error instanceof UserError) throw new Problem(404, 'Not found', error.message)
    throw error
  }
}

/** A rule that this release cannot read has no words. */
export function shownRule(record: AlertRule) {
  const { id, version, owner, changedAt, changedBy, why } = record
  const read = savedRule(record)
  const says = read === undefined ? null : describeCondition(read)
  return {
    id,
    version,
    says,
    owner,
    changedAt: iso(changedAt),
    changedBy,
    why,
    rule: JSON.parse(record.rule) as unknown,
  }
}

export const shownSilence = ({ fromAt, untilAt, createdAt, ...rest }: AlertSilence) => ({
  ...rest,
  ...{ fromAt: iso(fromAt), untilAt: iso(untilAt), createdAt: iso(createdAt) },
})

function shownEvent(event: AlertEvent) {
  const { onsetAt, endsAt, pointAt, knownAt, at } = event
  return {
    ...{ ...event, says: describeEvent(event) },
    ...{ onsetAt: iso(onsetAt), endsAt: iso(endsAt), pointAt: iso(pointAt), knownAt: iso(knownAt), at: iso(at) },
  }
}

function shown({ series, points, undefinedPoints = 0, transitions, runs }: Backtest) {
  const begun = transitions.filter(({ kind }) => kind === 'firing' || kind === 'happened').length
  const isCut = transitions.length > maxTransitions
  return {
    series,
    points,
    undefinedPoints,
    runs: runs ?? null,
    begun,
    isCut,
    transitions: transitions.slice(-maxTransitions).map(shownTransition),
  }
}

const shownTransition = ({ id, kind, dataset, key, onsetMs, endsMs, firingId, facts, detail }: Transition) => ({
  ...{ id, kind, dataset, key, onsetAt: iso(onsetMs), endsAt: iso(endsMs), firingId },
  ...{ pointAt: iso(facts.atMs), value: facts.value, compared: facts.compared, reference: facts.reference },
  ...{ samples: facts.samples, expected: facts.expected, knownAt: iso(facts.knownMs), detail },
})

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
