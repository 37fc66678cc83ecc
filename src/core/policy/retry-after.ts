/** `Retry-After` as seconds or as an HTTP date. Pure: the present time is an argument. */

// Sun, 06 Nov 1994 08:49:37 GMT, and its obsolete forms Sunday, 06-Nov-94 08:49:37 GMT and Sun Nov  6 08:49:37 1994.
const HTTP_DATE = /^[a-z]{3,9},? (?:(\d\d)[ -]([a-z]{3})[ -](\d\d|\d{4}) ([\d:]{8}) gmt|([a-z]{3}) ([ \d]\d) ([\d:]{8}) (\d{4}))$/i

const FIFTY_YEARS_MS = 50 * 365.25 * 86_400_000

/** Milliseconds to wait, never negative; undefined for a header that cannot be parsed. */
export function parseRetryAfter(value: string | null | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? ''
  // Fractions are not in the standard, but some servers send them.
  if (/^\d{1,15}(?:\.\d{1,9})?$/.test(text)) return Math.ceil(Number(text) * 1000)
  const at = parseHttpDate(text, nowMs)
  return at === undefined ? undefined : Math.max(0, at - nowMs)
}

function parseHttpDate(text: string, nowMs: number): number | undefined {
  const match = HTTP_DATE.exec(text)
  if (!match) return undefined
  const [, day = match[6] as string, month = match[5], year = match[8] as string, time = match[7]] = match
  const utc = (fullYear: string): number | undefined => {
    const date = `${day.trim().padStart(2, '0')} ${month} ${fullYear} ${time}`
    const at = Date.parse(`${date} GMT`)
    // Compared with the input: 31 February would become a day in March.
    return new Date(at).toUTCString().toLowerCase().includes(date.toLowerCase()) ? at : undefined
  }
  if (year.length === 4) return utc(year)
  const at = utc(`20${year}`)
  // A two-digit year more than 50 years in the future is in the last century.
  return at !== undefined && at - nowMs > FIFTY_YEARS_MS ? utc(`19${year}`) : at
}
