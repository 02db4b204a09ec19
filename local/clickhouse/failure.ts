/**
 * A refusal or an engine error on its way to the client: ClickHouse's number and name, as the server says them.
 * Messages of the engine already begin with `Code: N.` and are passed on as they are.
 */
export class Failure extends Error {
  readonly code: number

  constructor(code: number, name: string, sentence: string) {
    super(`Code: ${code}. DB::Exception: ${sentence} (${name})`)
    this.code = code
  }
}

/** The engine's error as the client shall see it: the number is read from the text, 1002 when there is none. */
export function fromEngine(error: unknown): { code: number; message: string } {
  if (error instanceof Failure) return { code: error.code, message: error.message }
  const text = error instanceof Error ? error.message : String(error)
  // Ours, not the client's: the names of pipes, the marker, and prefixes that nest (Code: 73. … Code: 73. …).
  const message = text
    .trim()
    .replaceAll(/'?pipes\/\d+'?/g, '(data)')
    .replaceAll(/\/\*tm-\d+-\d+-\*\//g, '')
    .replace(/^(Code: \d+\. DB::Exception: )(?:Code: \d+\. DB::Exception: )+/, '$1')
    // So do the name and the version at the end: (NAME) (version 26.7). (NAME) (version 26.7). (NAME)
    .replace(/( \([A-Z_]+\) \(version [^)]*\))\.?(?: \([A-Z_]+\)(?: \(version [^)]*\))?\.?)+$/, '$1')
  const code = Number(/^Code: (\d+)\./.exec(message)?.[1] ?? 1002)
  return { code, message: message.startsWith('Code: ') ? message : `Code: ${code}. DB::Exception: ${message}` }
}

const BAD_REQUEST = [6, 25, 26, 27, 36, 38, 41, 42, 43, 44, 53, 62, 69, 70, 72, 115, 117, 130, 131, 457]
const NOT_FOUND = [46, 47, 50, 56, 60, 63, 73, 81, 372, 394]
const FORBIDDEN = [192, 193, 291, 497, 516]

/** The HTTP status the server gives for an error code (its exceptionCodeToHTTPStatus.cpp, in short). */
export function httpStatus(code: number): number {
  if (FORBIDDEN.includes(code)) return 403
  if (NOT_FOUND.includes(code)) return 404
  if (BAD_REQUEST.includes(code)) return 400
  if (code === 223) return 413
  if (code === 48) return 501
  if (code === 159 || code === 209) return 408
  return 500
}
