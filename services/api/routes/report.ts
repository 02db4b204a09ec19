import { z } from 'zod'
import { readInstantOrDay } from '#core/instant.ts'
import { requireWindows } from '#operations/report/calendar.ts'
import { type ReadReport, readReport } from '#operations/report/report.ts'
import { readSourceStates, type SourceState, sourceLine } from '#operations/report/source-states.ts'
import { UserError } from '#platform/process/user-error.ts'
import type { ApiParts, TypedServer } from '../parts.ts'
import { remembered } from '../remembered.ts'
import { objectResponse } from '../responses.ts'
import { untilGone } from '../rows.ts'
import { createTurns } from '../turns.ts'
import { known } from './known.ts'
import { atParameter, readAt } from './parameters.ts'

const day = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, 'a day, YYYY-MM-DD')
  .optional()
/** Days of one report of all datasets, and of one report of a dataset. */
const maxDays = { all: 100, one: 2_000 }
const stateForMs = 1_000
/** A report asks eleven statements, and the store answers others meanwhile. */
const maxReports = { running: 2, waiting: 20 }

/** Adds what `npx tidemark report` and the lines of `status` say. */
export function addReportRoutes(server: TypedServer, { store, asOf, nowMs }: ApiParts): void {
  const turns = createTurns<ReadReport>(maxReports)
  const states = remembered(stateForMs, () => readSourceStates(store, nowMs()))
  server.get(
    '/api/v1/sources',
    {
      config: { role: 'reader' },
      schema: {
        summary: 'In one line a source: which windows of tomorrow are complete, what is late, and whose fault it is',
        tags: ['completeness'],
        response: objectResponse,
      },
    },
    async () => ({ asOf: await asOf.read(null, null), data: (await states()).map(withLine) }),
  )
  server.get(
    '/api/v1/report',
    {
      config: { role: 'reader' },
      schema: {
        summary: 'The calendar of classes by dataset and day, gaps, punctuality, revisions, quality and refusals',
        tags: ['completeness'],
        response: objectResponse,
        querystring: z.strictObject({
          dataset: z
            .string()
            .max(200)
            .optional()
            .describe('such as jao.core.maxExchanges. Default: all that have windows'),
          from: day.describe('first local day, YYYY-MM-DD. Default: 30 days ago'),
          to: day.describe('last local day, included. Default: tomorrow'),
          ...atParameter,
        }),
      },
    },
    async ({ query: { dataset = null, from, to, at } }, reply) => {
      if (dataset !== null) requireWindows(known(dataset).dataset)
      const days = readDays(from, to, dataset === null ? maxDays.all : maxDays.one)
      const atMs = readAt(at)
      if (atMs !== null && atMs > nowMs()) throw new UserError('`at` is in the future: nothing is known of it.')
      const name = JSON.stringify([dataset, days, atMs])
      const { settled, report } = await turns.take(name, untilGone(reply), () =>
        readReport(store, { dataset, days, atMs, nowMs: nowMs() }),
      )
      return { asOf: await asOf.read(atMs, dataset), basis: settled.basis, ...report }
    },
  )
}

const withLine = (state: SourceState) => ({ ...state, line: sourceLine(state) })

/** @throws UserError if only one day is named, if a day does not exist, or if the days are too many */
function readDays(from: string | undefined, to: string | undefined, max: number): { from: string; to: string } | null {
  if (from === undefined && to === undefined) return null
  if (from === undefined || to === undefined) throw new UserError('Name both days, `from` and `to`, or neither.')
  const [fromMs, toMs] = [readInstantOrDay(from, '`from`'), readInstantOrDay(to, '`to`')]
  if (fromMs > toMs) throw new UserError('`to` is before `from`: both days are included.')
  const count = (toMs - fromMs) / 86_400_000 + 1
  if (count > max) throw new UserError(`${count} days are asked for, and ${max} are the limit: name fewer days.`)
  return { from, to }
}
