/** Replaces control characters, line ends and bidirectional controls, which a terminal would obey, with U+FFFD. */
export function printable<Text extends string | null>(text: Text): Text | string {
  return typeof text === 'string' ? text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd') : text
}
