export function quoteString(value: string): string {
  return `'${escaped(value).replaceAll("'", "\\'")}'`
}

export function quoteName(name: string): string {
  return `\`${escaped(name).replaceAll('`', '\\`')}\``
}

/** Escapes line breaks too: the engine ends inline data at a blank line. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\0', '\\0')
}
