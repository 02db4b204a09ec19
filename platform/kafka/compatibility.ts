import avsc, { type Type } from 'avsc'

/** Returns why two schemas cannot read each other's records (FULL_TRANSITIVE). Returns undefined if they can. */
export function incompatibility(one: string, other: string): string | undefined {
  const [first, second] = [one, other].map((text) => avsc.Type.forSchema(JSON.parse(text))) as [Type, Type]
  return unreadable(first, second) ?? unreadable(second, first)
}

function unreadable(reader: Type, writer: Type): string | undefined {
  try {
    reader.createResolver(writer)
    return undefined
  } catch (error) {
    return unreadableField(reader, writer) ?? (error as Error).message
  }
}

/** Names the first field with incompatible types, or returns undefined. avsc's message does not name the field. */
function unreadableField(reader: Type, writer: Type): string | undefined {
  if (!avsc.Type.isType(reader, 'record') || !avsc.Type.isType(writer, 'record')) return undefined
  const [fields, written] = [reader, writer].map((type) => (type as avsc.types.RecordType).fields)
  for (const { name, type } of fields ?? []) {
    const other = written?.find((field) => field.name === name)
    const reason = other && unreadable(type, other.type)
    if (reason) return `field ${name}: ${reason}`
  }
  return undefined
}
