export function quoteString(value: string): string {
  return `'${escaped(value).replaceAll("'", "\\'")}'`
}

export function quoteName(name: string): string {
  return `\`${escaped(name).replaceAll('`', '\\`')}\``
}

/** Escapes line breaks too, because a blank line ends inline data. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\0', '\\0')
}
