/** Upstream's words without what steers a terminal: records of `polls` and dead letters keep whatever was written to them. */
export const printable = (text: string): string => text.replace(/\p{Cc}/gu, '\ufffd')
