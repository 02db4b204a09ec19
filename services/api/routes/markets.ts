import { z } from 'zod'
import * as lists from '#operations/questions/lists.ts'
import type { ApiParts, TypedServer } from '../parts.ts'
import { addListRoute } from './list-route.ts'
import { readSpan, spanParameters } from './parameters.ts'

const metric = z.string().min(1).max(60).describe('such as last, trades or volume')

/** Adds the figures of markets, and votes. */
export function addMarketRoutes(server: TypedServer, parts: ApiParts): void {
  addListRoute(server, parts, {
    path: '/api/v1/markets',
    summary: 'Each market and metric over the last 24 hours',
    tag: 'markets',
    parameters: {},
    list: () => ({ list: lists.marketsList() }),
  })
  addListRoute(server, parts, {
    path: '/api/v1/markets/rank',
    summary: 'Markets by the standard deviation of a metric over the last 24 hours, largest first',
    tag: 'markets',
    parameters: { metric },
    list: (query) => ({ list: lists.marketRankList(query.metric) }),
  })
  addListRoute(server, parts, {
    path: '/api/v1/markets/series',
    summary: 'A metric of a market over the last 24 hours, in steps',
    tag: 'markets',
    parameters: {
      market: z.string().min(1).max(60).describe('such as XXBTZUSD'),
      metric,
      step: z.coerce.number().int().min(1).max(86_400).default(60).describe('seconds'),
    },
    list: ({ market, metric: name, step }) => ({ list: lists.marketSeriesList(market, name, step) }),
  })
  addListRoute(server, parts, {
    path: '/api/v1/votes',
    summary: 'Votes of Stack Exchange',
    tag: 'votes',
    parameters: spanParameters,
    list: (query) => ({ list: lists.votesList(readSpan(query)) }),
  })
  addListRoute(server, parts, {
    path: '/api/v1/votes/weeks',
    summary: 'The number of votes of each week, and whether it deviates from the mean by more than 20 %',
    tag: 'votes',
    parameters: {},
    list: () => ({ list: lists.weeksList() }),
  })
  addListRoute(server, parts, {
    path: '/api/v1/votes/outlier-weeks',
    summary: 'Weeks whose number of votes deviates from the mean by more than 20 %',
    tag: 'votes',
    parameters: {},
    list: () => ({ list: lists.outlierWeeksList() }),
  })
}
