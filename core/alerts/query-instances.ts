// What the answer to the query of a rule says: each row is an instance.
import type { ForeignAnswer } from '#platform/clickhouse/foreign-select.ts'
import { UserError } from '#platform/process/user-error.ts'

/** A row of the answer. */
export interface Instance {
  /** Its name, which is unique in the answer. */
  key: string
  value: number | null
  detail: string | null
}

export const maxInstances = 1_000
const maxKeyChars = 300
const maxDetailChars = 400
const maxFieldChars = 60

const isText = (type: string): boolean =>
  /^(LowCardinality\(|Nullable\()*(String|FixedString|Enum8|Enum16|UUID)\b/.test(type)
const isNumber = (type: string): boolean =>
  /^(LowCardinality\(|Nullable\()*(U?Int\d+|B?Float\d+|Decimal\d*|Bool|Nothing)\b/.test(type)

/**
 * Reads the answer to the query of a rule. Pure. @throws UserError that says which column or row does not fit, and what to
 * write
 */
export function readInstances({ columns, rows }: ForeignAnswer): Instance[] {
  const names = columns.map(({ name }) => name).join(', ')
  const key = columns.find(({ name }) => name === 'key')
  if (key === undefined)
    throw new UserError(`The query has no column \`key\`, which names each row; it has: ${names}. Write … AS key.`)
  if (!isText(key.type))
    throw new UserError(`The column \`key\` must be text, and is ${key.type}: write toString(…) AS key.`)
  const value = columns.find(({ name }) => name === 'value')
  if (value !== undefined && !isNumber(value.type))
    throw new UserError(`The column \`value\` must be a number, and is ${value.type}: give it another name.`)
  if (rows.length > maxInstances)
    throw new UserError(`The query returns more than ${maxInstances} rows: each of them is an alert. Name fewer.`)
  const seen = new Set<string>()
  return rows.map((row) => {
    const name = row.key
    if (typeof name !== 'string' || name === '' || name.length > maxKeyChars)
      throw new UserError(`A \`key\` is empty, null or longer than ${maxKeyChars} characters.`)
    if (seen.has(name)) throw new UserError(`The key ${JSON.stringify(name)} comes twice: group the rows by it.`)
    seen.add(name)
    return { key: name, value: numberOf(name, row.value, value?.type ?? ''), detail: detailOf(row, columns) }
  })
}

const isRounded = (type: string): boolean => /^(LowCardinality\(|Nullable\()*B?Float/.test(type)

/** A value is told as a number, so one that a number would round is not a value. */
function numberOf(key: string, value: unknown, type: string): number | null {
  if (value === undefined || value === null) return null
  const number = Number(value)
  if (Math.abs(number) > Number.MAX_SAFE_INTEGER && !isRounded(type))
    throw new UserError(
      `The value ${value} of the row ${JSON.stringify(key)} is beyond 2^53, and would be told rounded: give the column another name, and it is told as it is, or write toFloat64(…) AS value.`,
    )
  return Number.isFinite(number) ? number : null
}

/** The column `detail`, and after it the others by name. */
function detailOf(row: Record<string, unknown>, columns: ForeignAnswer['columns']): string | null {
  const { detail } = row
  const parts = typeof detail === 'string' && detail !== '' ? [detail] : []
  for (const { name } of columns) {
    if (name === 'key' || name === 'value' || (name === 'detail' && typeof detail === 'string')) continue
    if (row[name] === null || row[name] === undefined) continue
    const field = typeof row[name] === 'string' ? row[name] : JSON.stringify(row[name])
    parts.push(`${name}=${field.slice(0, maxFieldChars)}`)
  }
  return parts.length === 0 ? null : parts.join(', ').slice(0, maxDetailChars)
}
