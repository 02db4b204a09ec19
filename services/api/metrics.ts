import type { FastifyInstance } from 'fastify'
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'

export interface ApiMetrics {
  registry: Registry
  /** Counts and times the requests of a server, by route and status. */
  watch: (server: FastifyInstance) => void
  /** Counts a question for rows that reaches the store. */
  onQuestion: () => void
}

export function createMetrics(): ApiMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const seconds = new Histogram({
    name: 'tidemark_api_request_seconds',
    help: 'Time from a request of the API until its answer was sent',
    labelNames: ['route', 'status'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 1, 5, 30],
    registers: [registry],
  })
  const questions = new Counter({
    name: 'tidemark_api_questions_total',
    help: 'Questions for rows that reached the store; equal ones that come at the same time reach it once',
    registers: [registry],
  })
  return {
    registry,
    onQuestion: () => questions.inc(),
    watch: (server) => {
      server.addHook('onResponse', async (request, reply) => {
        const route = request.routeOptions.url ?? 'unknown'
        seconds.observe({ route, status: String(reply.statusCode) }, reply.elapsedTime / 1_000)
      })
    },
  }
}
