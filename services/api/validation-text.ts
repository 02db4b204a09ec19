// What is wrong with a parameter, for people: which one, what came, and what is accepted.
import { z } from 'zod'

/** A part of a request that a schema declares, as Fastify names it. */
export type RequestPart = 'body' | 'querystring' | 'params' | 'headers'

export interface ValidationIssue {
  /** Code of the issue. */
  keyword: string
  /** `/name`, or `/name/index` in a list. */
  instancePath: string
  message?: string | undefined
  params?: Record<string, unknown>
}

export interface Validated {
  part: RequestPart
  /** What came. */
  value: unknown
  /** What the route declares. */
  schema: unknown
}

/** Returns a sentence for each parameter that is wrong, in the order of the issues. */
export function validationText(issues: readonly ValidationIssue[], validated: Validated): string {
  const shape = validated.schema instanceof z.ZodObject ? (validated.schema.shape as Record<string, z.ZodType>) : {}
  return issues.map((issue) => sentenceOf(issue, validated, shape)).join(' ')
}

function sentenceOf(issue: ValidationIssue, { part, value }: Validated, shape: Record<string, z.ZodType>): string {
  const path = issue.instancePath.split('/').filter(Boolean)
  const names = Object.keys(shape).join(', ')
  if (issue.keyword === 'unrecognized_keys') {
    const { keys = [] } = (issue.params ?? {}) as { keys?: string[] }
    const known = names === '' ? 'there are none' : `${names} are`
    return keys.map((key) => `${named(part, [key])} is not known here: ${known}.`).join(' ')
  }
  const came = path.reduce<unknown>((inner, name) => (inner as Record<string, unknown> | undefined)?.[name], value)
  const [name] = path
  const what = `${named(part, path)} is ${came === undefined || came === null ? 'missing' : shown(came)}`
  if (name === undefined) return `${what}: a JSON object with the fields ${names} is accepted.`
  if (issue.keyword === 'custom') return `${what}: ${issue.message}.`
  const declared = shape[name]
  const description = declared?.description
  return `${what}: ${acceptedBy(issue, declared)} is accepted${description === undefined ? '' : ` (${description})`}.`
}

function named(part: RequestPart, [name, ...inner]: readonly string[]): string {
  if (name === undefined) return part === 'body' ? 'The body' : 'The request'
  const full = `\`${name}${inner.map((each) => `[${each}]`).join('')}\``
  if (part === 'body') return `Field ${full} of the body`
  if (part === 'params') return `Part ${full} of the path`
  return part === 'headers' ? `Header ${full}` : `Parameter ${full}`
}

const maxShownChars = 100

function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > maxShownChars ? `${text.slice(0, maxShownChars)}…` : text
}

function acceptedBy(issue: ValidationIssue, declared: z.ZodType | undefined): string {
  if (issue.params?.expected === 'stringbool' || declared === undefined) return 'true or false'
  return wordsOf(z.toJSONSchema(declared, { unrepresentable: 'any' }))
}

function wordsOf(schema: z.core.JSONSchema.BaseSchema): string {
  const { type, minimum, maximum, minLength = 0, maxLength, maxItems, format } = schema
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`
  if (type === 'boolean') return 'true or false'
  if (type === 'integer' || type === 'number') {
    const from = minimum === undefined ? '' : ` from ${minimum}`
    const to = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? '' : ` to ${maximum}`
    return `a ${type === 'integer' ? 'whole number' : 'number'}${from}${to}`
  }
  if (type === 'object') return 'a JSON object'
  if (type === 'array') return `a list of ${maxItems === undefined ? '' : `at most ${maxItems} `}texts`
  if (format === 'date') return 'a day that exists, as YYYY-MM-DD,'
  if (maxLength === undefined) return 'a text'
  return minLength > 0
    ? `a text of ${minLength} to ${maxLength} characters`
    : `a text of at most ${maxLength} characters`
}
