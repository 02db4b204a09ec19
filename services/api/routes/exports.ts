// The catalogue for other tools, at addresses: data contracts, lineage, and a catalogue of a data portal.
import { z } from 'zod'
import type { PublicAddresses } from '#catalogue/export/addresses.ts'
import { dcatCatalogue } from '#catalogue/export/dcat.ts'
import { odcsContract, odcsYaml } from '#catalogue/export/odcs.ts'
import { runEvent } from '#catalogue/export/openlineage.ts'
import { datasetsByName } from '#core/datasets.ts'
import { parseDay } from '#core/day.ts'
import { readKept } from '#operations/export/kept.ts'
import { readRuns, recentDays } from '#operations/export/runs.ts'
import { UserError } from '#platform/process/user-error.ts'
import type { ApiParts, TypedServer } from '../parts.ts'
import { datasetPath, known } from './known.ts'

export function addExportRoutes(server: TypedServer, { store, nowMs, origin, publicUrl }: ApiParts): void {
  const addresses: PublicAddresses = { url: publicUrl ?? null, kafka: null, clickhouse: null }
  const about = (summary: string, type: string) => ({
    summary,
    tags: ['catalogue'],
    response: { 200: { description: 'It', content: { [type]: { schema: z.string() } } } },
  })
  server.get(
    '/api/v1/datasets/:dataset/contract',
    {
      config: { role: 'reader' },
      schema: {
        ...about('The data contract (ODCS 3.1): what is promised, and what was kept', 'application/yaml'),
        params: datasetPath,
      },
    },
    async (request, reply) => {
      const sourced = known(request.params.dataset)
      const { name } = sourced.dataset
      const kept = await readKept(store, { dataset: name, nowMs: nowMs(), upstream: origin })
      const text = odcsYaml(odcsContract(sourced, kept.get(name) ?? null, addresses))
      return reply.type('application/yaml; charset=utf-8').send(text)
    },
  )
  server.get(
    '/api/v1/datasets/:dataset/lineage',
    {
      config: { role: 'reader' },
      schema: {
        ...about('Run events (OpenLineage), one a line: what became of each window', 'application/x-ndjson'),
        params: datasetPath,
        querystring: z.strictObject({
          from: z.string().max(20).optional().describe('first local day. Default: 29 days before today'),
          to: z.string().max(20).optional().describe('last local day. Default: tomorrow'),
        }),
      },
    },
    async (request, reply) => {
      const sourced = known(request.params.dataset)
      const recent = recentDays(sourced.dataset.calendar.zone, nowMs())
      const from = request.query.from === undefined ? recent.from : parseDay('`from`', request.query.from)
      const to = request.query.to === undefined ? recent.to : parseDay('`to`', request.query.to)
      if (from > to) throw new UserError('`to` must not be before `from`.')
      const span = { dataset: sourced.dataset.name, days: { from, to }, nowMs: nowMs(), upstream: origin }
      const events = (await readRuns(store, span)).map(
        (run) => `${JSON.stringify(runEvent(sourced, run, addresses))}\n`,
      )
      return reply.type('application/x-ndjson; charset=utf-8').send(events.join(''))
    },
  )
  server.get(
    '/api/v1/catalog.jsonld',
    {
      config: { role: 'reader' },
      schema: about('All datasets as a catalogue of a data portal (DCAT-AP 3)', 'application/ld+json'),
    },
    async (_request, reply) => {
      const datasets = [...datasetsByName.values()].toSorted((one, other) =>
        one.dataset.name < other.dataset.name ? -1 : 1,
      )
      return reply.type('application/ld+json; charset=utf-8').send(JSON.stringify(dcatCatalogue(datasets, addresses)))
    },
  )
}
