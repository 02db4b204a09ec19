// What the routes answer, for the OpenAPI document.
import { z } from 'zod'
import { asOfSchema } from './as-of.ts'
import { mediaTypes } from './format.ts'

const row = z.record(z.string(), z.unknown())
const rows = z.object({ asOf: asOfSchema, data: z.array(row) })
const text = { schema: z.string() }
const others = { [mediaTypes.ndjson]: text, [mediaTypes.csv]: text, [mediaTypes.arrow]: text }

/** Rows, in the format that the request wants. */
export const rowsResponse = {
  200: { description: 'The rows', content: { [mediaTypes.json]: { schema: rows }, ...others } },
  304: { description: 'The answer is the one whose tag If-None-Match names', content: { 'text/plain': text } },
}

/** Rows of a page, and the URL of the next page. */
export const pageResponse = {
  200: {
    description: 'The rows of a page; the header Link names the next page, too',
    content: { [mediaTypes.json]: { schema: rows.extend({ next: z.string().nullable() }) }, ...others },
  },
}

/** One object. */
export const objectResponse = {
  200: { description: 'It', content: { [mediaTypes.json]: { schema: row } } },
}
