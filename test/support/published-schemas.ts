// Checks of documents against the schemas of test/support/published-schemas/, without a network.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AnySchemaObject } from 'ajv'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { Ajv2020 } from 'ajv/dist/2020.js'

/** Returns what is wrong with a document, one line a fault. */
export type Validator = (document: unknown) => string[]

const formats = {
  'date-time': (text: string) =>
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) && !Number.isNaN(Date.parse(text)),
  date: (text: string) => /^\d{4}-\d\d-\d\d$/.test(text),
  uri: (text: string) => /^[a-z][a-z0-9+.-]*:\S+$/i.test(text) && URL.canParse(text),
  uuid: (text: string) => /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text),
}

export const odcsValidator = (): Validator => validatorOf(new Ajv2019(options), 'odcs-3.1.0.schema.json')
export const openLineageValidator = (): Validator => validatorOf(new Ajv2020(options), 'openlineage-2-0-2.schema.json')

/** The published schemas have keywords that ajv's strict mode warns of, such as `example`. */
const options = { strict: false, allErrors: true, formats }

function validatorOf(ajv: Ajv2019 | Ajv2020, file: string): Validator {
  const text = readFileSync(join(import.meta.dirname, 'published-schemas', file), 'utf8')
  const validate = ajv.compile(JSON.parse(text) as AnySchemaObject)
  return (document) => {
    validate(document)
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
  }
}
