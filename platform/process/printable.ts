/** Replaces control characters, line ends and bidirectional controls, which a terminal would obey, with U+FFFD. */
export function printable<Text extends string | null>(text: Text): Text | string {
  return typeof text === 'string' ? text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd') : text
}

/** Returns whether anything of a text can be seen: neither blanks, nor controls, nor characters without a width, are. */
export const isVisible = (text: string): boolean =>
  /[^\p{White_Space}\p{C}\p{Default_Ignorable_Code_Point}\u2800]/u.test(text)
