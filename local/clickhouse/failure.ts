/** A refusal by this endpoint, with ClickHouse's number and name of the error. */
export class Failure extends Error {
  readonly code: number

  constructor(code: number, name: string, sentence: string) {
    super(`Code: ${code}. DB::Exception: ${sentence} (${name})`)
    this.code = code
  }
}

/** Returns an error's code and message for the client. The code is 1002 (UNKNOWN_EXCEPTION) if the text has none. */
export function fromEngine(error: unknown): { code: number; message: string } {
  if (error instanceof Failure) return { code: error.code, message: error.message }
  const text = error instanceof Error ? error.message : String(error)
  // Removes pipe names, the marker, and nested prefixes (Code: 73. … Code: 73. …).
  const message = text
    .trim()
    .replaceAll(/'?pipes\/\d+'?/g, '(data)')
    .replaceAll(/\/\*tm-\d+-\d+-\*\//g, '')
    .replace(/^(Code: \d+\. DB::Exception: )(?:Code: \d+\. DB::Exception: )+/, '$1')
    .replace(/( \([A-Z_]+\) \(version [^)]*\))\.?(?: \([A-Z_]+\)(?: \(version [^)]*\))?\.?)+$/, '$1')
  const code = Number(/^Code: (\d+)\./.exec(message)?.[1] ?? 1002)
  return { code, message: shorten(message.startsWith('Code: ') ? message : `Code: ${code}. DB::Exception: ${message}`) }
}

const maxMessageChars = 8_192

/** Cuts the middle out of a long message. The engine repeats a whole statement; the name of the error is at the end. */
function shorten(message: string): string {
  if (message.length <= maxMessageChars) return message
  const half = maxMessageChars / 2
  return `${message.slice(0, half)} … (${message.length - maxMessageChars} characters left out) … ${message.slice(-half)}`
}

const BAD_REQUEST = [6, 25, 26, 27, 36, 38, 41, 42, 43, 44, 53, 62, 69, 70, 72, 115, 117, 130, 131, 457]
const NOT_FOUND = [46, 47, 50, 56, 60, 63, 73, 81, 372, 394]
const FORBIDDEN = [192, 193, 291, 497, 516]

/** Returns the HTTP status that the server sends for an error code (exceptionCodeToHTTPStatus.cpp, abridged). */
export function httpStatus(code: number): number {
  if (FORBIDDEN.includes(code)) return 403
  if (NOT_FOUND.includes(code)) return 404
  if (BAD_REQUEST.includes(code)) return 400
  if (code === 223) return 413
  if (code === 48) return 501
  if (code === 159 || code === 209) return 408
  return 500
}
