/** Replaces characters that could steer a terminal (controls, line ends, bidirectional controls) with U+FFFD. Null stays null. */
export function printable<Text extends string | null>(text: Text): Text | string {
  return typeof text === 'string' ? text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd') : text
}
