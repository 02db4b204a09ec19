import { z } from 'zod'
import { type CatalogueEntry, catalogueEntries } from '#catalogue/entry.ts'
import { mentions, wordsOf } from '#operations/questions/series.ts'
import { version } from '#platform/process/version.ts'
import { sources } from '#sources/index.ts'
import type { ApiParts, TypedServer } from '../parts.ts'
import { datasetPath, known } from './known.ts'

export function addCatalogueRoutes(server: TypedServer, { asOf }: ApiParts): void {
  server.get(
    '/api/v1/health',
    {
      config: { ignoresCredentials: true },
      schema: { summary: 'Whether the store answers, and up to when everything known is stored', tags: ['operations'] },
    },
    async () => ({ status: 'ok', version, ...(await asOf.read(null, null)) }),
  )
  server.get(
    '/api/v1/datasets',
    {
      config: { role: 'reader' },
      schema: {
        summary: 'The datasets, as they are declared',
        tags: ['catalogue'],
        querystring: z.strictObject({
          q: z.string().max(200).optional().describe('words in any case; a dataset has all of them'),
          source: z.string().max(60).optional().describe('such as jao'),
        }),
      },
    },
    (request) => {
      const { q = '', source } = request.query
      const words = wordsOf(q)
      const isWanted = (entry: CatalogueEntry): boolean =>
        (source === undefined || entry.source === source) && words.every((word) => mentions(entry, word))
      return { data: catalogueEntries(sources).filter(isWanted) }
    },
  )
  server.get(
    '/api/v1/datasets/:dataset',
    {
      config: { role: 'reader' },
      schema: {
        summary: 'A dataset, as it is declared',
        tags: ['catalogue'],
        params: datasetPath,
      },
    },
    (request) => {
      const { dataset } = known(request.params.dataset)
      return catalogueEntries(sources).find(({ dataset: name }) => name === dataset.name)
    },
  )
}
