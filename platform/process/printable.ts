/** Replaces control characters, which could steer a terminal, with U+FFFD. */
export const printable = (text: string): string => text.replace(/\p{Cc}/gu, '\ufffd')
