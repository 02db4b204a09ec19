/** A ClickHouse string literal that means exactly `value`, whatever is in it. */
export function quoteString(value: string): string {
  return `'${escaped(value).replaceAll("'", "\\'")}'`
}

/** A quoted ClickHouse identifier that means exactly `name`. */
export function quoteName(name: string): string {
  return `\`${escaped(name).replaceAll('`', '\\`')}\``
}

/** Line breaks are escaped too: the engine ends inline data at blank lines, and nothing of ours shall hold one. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\0', '\\0')
}
