/**
 * Text of upstream's as people may see it on a terminal: each control character, line ends too, and each that turns the
 * direction of the text is a `�`. Null stays.
 */
export function printable<Text extends string | null>(text: Text): Text | string {
  return typeof text === 'string' ? text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd') : text
}
