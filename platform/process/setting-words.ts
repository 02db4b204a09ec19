import { z } from 'zod'

interface Form {
  description?: string
  type?: string
  enum?: unknown[]
  minimum?: number
  exclusiveMinimum?: number
  maximum?: number
  format?: string
}

/**
 * Returns a sentence per invalid setting, without the values of secrets. zod must have made `error` with the option
 * `reportInput`.
 */
export function settingSentences(
  shape: z.ZodRawShape,
  error: z.ZodError,
  given: Readonly<Record<string, string | undefined>>,
): string[] {
  const firstOfEach = new Map(error.issues.toReversed().map((issue) => [String(issue.path[0]), issue]))
  return [...firstOfEach].toReversed().map(([name, issue]) => sentence(name, shape[name], issue, given[name]))
}

function sentence(
  name: string,
  schema: z.ZodRawShape[string] | undefined,
  issue: z.core.$ZodIssue,
  value: string | undefined,
): string {
  const form = (schema ? z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }) : {}) as Form
  const what = form.description === undefined ? name : `${name} (${form.description})`
  if (issue.code === 'custom') return `${what}: ${issue.message}`
  const must = `it must be ${expected(form, issue.message)}`
  if (value === undefined) return `${what} is not set; ${must}`
  if (isSecret(name, value)) return `${what} does not fit; ${must}`
  if (issue.path.length > 1) return `${what} names ${shown(String(issue.input))}; ${must}`
  return `${what} is ${shown(value)}; ${must}`
}

function expected({ type, enum: values, format, ...form }: Form, message: string): string {
  if (values !== undefined) return `one of ${values.join(', ')}`
  if (type === 'boolean') return 'true or false'
  if (type === 'integer' || type === 'number') return numberWords(type, form)
  return format === 'uri' && message.startsWith('Invalid') ? 'an address such as http://host:1234' : message
}

function numberWords(type: string, { minimum, exclusiveMinimum, maximum }: Form): string {
  const number = type === 'integer' ? 'a whole number' : 'a number'
  // If a number declares no bounds, zod's JSON schema reports those of a safe integer.
  const top = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum
  if (exclusiveMinimum !== undefined)
    return `${number} above ${exclusiveMinimum}${top === undefined ? '' : `, ${top} at the most`}`
  const bottom = minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum
  if (bottom === undefined) return top === undefined ? number : `${number}, ${top} at the most`
  return top === undefined ? `${number}, ${bottom} at the least` : `${number} from ${bottom} to ${top}`
}

const isSecret = (name: string, value: string): boolean => /KEY|PASSWORD|SECRET|TOKEN/.test(name) || value.includes('@')

const maxShownChars = 60

function shown(value: string): string {
  const plain = value.slice(0, maxShownChars).replace(/\p{Cc}/gu, '\ufffd')
  return `"${value.length > maxShownChars ? `${plain}…` : plain}"`
}
