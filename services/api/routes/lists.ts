import { z } from 'zod'
import * as lists from '#operations/questions/lists.ts'
import { seriesList, seriesWords } from '#operations/questions/series.ts'
import { classesByWorst } from '#operations/report/classes.ts'
import { UserError } from '#platform/process/user-error.ts'
import type { ApiParts, TypedServer } from '../parts.ts'
import { addListRoute } from './list-route.ts'
import { atParameter, readAt, readSpan, spanParameters } from './parameters.ts'

const dayMs = 86_400_000
export const ofDataset = { dataset: z.string().max(200).optional().describe('such as jao.core.maxExchanges') }
const ofKey = { key: z.string().max(500).optional().describe('as upstream spells it: border_AT_BE') }

/** Adds the lists of what is stored, missing, changed, polled and refused. */
export function addListRoutes(server: TypedServer, parts: ApiParts): void {
  const { nowMs } = parts
  addListRoute(server, parts, {
    path: '/api/v1/series',
    summary: 'Series, by words of their dataset, key and labels',
    tag: 'catalogue',
    parameters: {
      q: z
        .string()
        .max(200)
        .default('')
        .describe('words in any case; a series has all of them. The name of a country stands for its zone'),
      ...ofDataset,
    },
    list: ({ q, dataset }) => ({ list: seriesList(q, dataset), dataset }),
  })
  addChanges(server, parts)
  addListRoute(server, parts, {
    path: '/api/v1/completeness',
    summary:
      'The class of each window: complete, partial, late and others, since when, and why. Default: of the past 31 days',
    tag: 'completeness',
    parameters: {
      ...{ ...ofDataset, ...spanParameters, ...atParameter },
      class: z.enum(classesByWorst).optional(),
    },
    list: ({ at, ...filter }) => {
      const atMs = readAt(at)
      const list = lists.completenessList(atMs ?? nowMs(), { ...filter, ...readSpan(filter) })
      return { list, dataset: filter.dataset, atMs }
    },
  })
  addListRoute(server, parts, {
    path: '/api/v1/polls',
    summary: 'Polls, newest first, by the instant at which they were over',
    tag: 'operations',
    parameters: {
      ...{ ...ofDataset, ...spanParameters },
      outcome: z.enum(['changed', 'unchanged', 'empty', 'emptied', 'refused', 'unreadable', 'failed']).optional(),
      windowFrom: z.string().max(80).optional().describe('polls of windows that begin at this instant or later'),
      windowTo: z.string().max(80).optional().describe('polls of windows that begin before this instant'),
    },
    list: ({ windowFrom, windowTo, ...filter }) => {
      const windows = {
        fromMs: readAt(windowFrom, 'windowFrom') ?? undefined,
        toMs: readAt(windowTo, 'windowTo') ?? undefined,
      }
      if ((windows.fromMs ?? 0) >= (windows.toMs ?? Number.POSITIVE_INFINITY))
        throw new UserError('`windowTo` must be after `windowFrom`: the span is [windowFrom, windowTo).')
      return { list: lists.pollsList({ ...filter, ...readSpan(filter) }, windows), dataset: filter.dataset }
    },
  })
  addListRoute(server, parts, {
    path: '/api/v1/dead-letters',
    summary: 'Answers and records that were refused, newest first',
    tag: 'operations',
    parameters: {
      ...{ ...ofDataset, ...spanParameters },
      reason: z.string().max(60).optional().describe('such as schema'),
      open: z.stringbool().optional().describe('true: neither requeued nor dropped'),
    },
    list: ({ open, ...filter }) => ({
      list: lists.deadLettersList({ ...filter, ...readSpan(filter), isOpen: open }),
      dataset: filter.dataset,
    }),
  })
  addListRoute(server, parts, {
    path: '/api/v1/replays',
    summary: 'Replays and rebuilds, newest first',
    tag: 'operations',
    parameters: ofDataset,
    list: (filter) => ({ list: lists.replaysList(filter), dataset: filter.dataset }),
  })
  addListRoute(server, parts, {
    path: '/api/v1/deletions',
    summary: 'What was deleted for good, newest first',
    tag: 'operations',
    parameters: ofDataset,
    list: (filter) => ({ list: lists.deletionsList(filter), dataset: filter.dataset }),
  })
}

function addChanges(server: TypedServer, parts: ApiParts): void {
  const { nowMs } = parts
  addListRoute(server, parts, {
    path: '/api/v1/changes',
    summary: 'What changed: revisions by the instant at which they became known, newest first',
    tag: 'values',
    parameters: {
      since: z.string().max(80).optional().describe('first instant of knowledge. Default: a day before `until`'),
      until: z.string().max(80).optional().describe('end of knowledge, which is excluded. Default: now'),
      ...{ ...ofDataset, ...ofKey, ...spanParameters },
      q: z
        .string()
        .max(200)
        .default('')
        .describe('words in any case, such as a zone; the key or a label has all of them'),
      minSize: z
        .string()
        .regex(/^\d{1,15}(\.\d{1,15})?$/, 'is a decimal number, 0 or more')
        .transform(Number)
        .optional()
        .describe('smallest absolute change, in the unit of the dataset'),
      kind: z
        .enum(['revised', 'withdrawn'])
        .optional()
        .describe('withdrawn: points that the newest answer no longer names; revised: the others. Default: both'),
      sort: z.enum(['known', 'size']).default('known').describe('size: the largest change first'),
    },
    list: ({ since, until, q, ...filter }) => {
      const untilMs = readAt(until, 'until') ?? nowMs()
      const sinceMs = readAt(since, 'since') ?? untilMs - dayMs
      if (sinceMs >= untilMs) throw new UserError('`until` must be after `since`: the span is [since, until).')
      const list = lists.changesList(sinceMs, untilMs, { ...filter, ...readSpan(filter), words: seriesWords(q) })
      return { list, dataset: filter.dataset, atMs: until === undefined ? null : untilMs }
    },
  })
}
