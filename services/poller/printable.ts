/** Text of upstream's as people may see it on a terminal: each control character, line ends too, is a `�`. Null stays. */
export function printable<Text extends string | null>(text: Text): Text | string {
  return typeof text === 'string' ? text.replace(/\p{Cc}/gu, '\ufffd') : text
}
