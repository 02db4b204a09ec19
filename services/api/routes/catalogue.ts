import { z } from 'zod'
import { catalogueEntries } from '#catalogue/entry.ts'
import { matchingEntries, type NamedWords, namedWordsQuestion } from '#operations/questions/datasets.ts'
import { partsOf } from '#operations/questions/series.ts'
import { readRows } from '#platform/clickhouse/client.ts'
import { version } from '#platform/process/version.ts'
import { sources } from '#sources/index.ts'
import type { ApiParts, TypedServer } from '../parts.ts'
import { untilGone } from '../rows.ts'
import { datasetPath, known } from './known.ts'

export function addCatalogueRoutes(server: TypedServer, { asOf, store }: ApiParts): void {
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
        summary: 'The datasets, as they are declared; with words, those with the zones that are asked for come first',
        tags: ['catalogue'],
        querystring: z.strictObject({
          q: z
            .string()
            .max(200)
            .optional()
            .describe(
              'words in any case; a dataset has all of them, in its declaration or in the keys and labels of its series',
            ),
          source: z.string().max(60).optional().describe('such as jao'),
        }),
      },
    },
    async (request, reply) => {
      const { q = '', source } = request.query
      const words = partsOf(q)
      const entries = catalogueEntries(sources).filter((entry) => source === undefined || entry.source === source)
      if (words.length === 0) return { data: entries }
      const { sql, parameters } = namedWordsQuestion(words)
      const named = await readRows<NamedWords>(store, sql, parameters, untilGone(reply))
      return { data: matchingEntries(entries, words, named) }
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
