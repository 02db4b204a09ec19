export type Window =
  | { readonly fromMs: number; readonly toMs: number; readonly errors?: undefined }
  | { readonly errors: Readonly<Record<string, readonly string[]>> }

const MAX_SPAN_MS = 48 * 3_600_000
const INSTANT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/

/** Reads FromUtc and ToUtc. Without an offset they are UTC. Refuses more than 48 hours, even two days of 49 hours. */
export function readWindow(query: URLSearchParams): Window {
  const given = new Map([...query].map(([name, text]) => [name.toLowerCase(), text]))
  const fromMs = readInstant(given.get('fromutc'))
  const toMs = readInstant(given.get('toutc'))
  if (fromMs === undefined || toMs === undefined) {
    const missing = (name: string, text: string | undefined) =>
      text === undefined ? `The ${name} field is required.` : `The value '${text.slice(0, 100)}' is not valid.`
    return {
      errors: {
        ...(fromMs === undefined && { FromUtc: [missing('FromUtc', given.get('fromutc'))] }),
        ...(toMs === undefined && { ToUtc: [missing('ToUtc', given.get('toutc'))] }),
      },
    }
  }
  if (toMs < fromMs) return { errors: { ToUtc: ['ToUtc must not be before FromUtc.'] } }
  if (toMs - fromMs > MAX_SPAN_MS) return { errors: { ToUtc: ['The requested range must not exceed 2 days.'] } }
  return { fromMs, toMs }
}

function readInstant(text: string | undefined): number | undefined {
  if (text === undefined || !INSTANT.test(text)) return undefined
  const zoned = text.length > 10 && !/(Z|[+-]\d{2}:\d{2})$/.test(text) ? `${text}Z` : text
  const instantMs = Date.parse(zoned)
  return Number.isNaN(instantMs) ? undefined : instantMs
}
