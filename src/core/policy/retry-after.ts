/** `Retry-After` in both of its forms: seconds, and an HTTP date. Pure: the wall clock's reading is an argument. */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

// Sun, 06 Nov 1994 08:49:37 GMT, and its obsolete forms Sunday, 06-Nov-94 08:49:37 GMT and Sun Nov  6 08:49:37 1994.
const IMF = /^[a-z]{3}, (\d{2}) ([a-z]{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) gmt$/
const RFC850 = /^[a-z]{6,9}, (\d{2})-([a-z]{3})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) gmt$/
const ASCTIME = /^[a-z]{3} ([a-z]{3}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/

/** Milliseconds to wait, never negative; undefined where the header says nothing that can be read. */
export function parseRetryAfter(value: string | null | undefined, nowMs: number): number | undefined {
  const text = value?.trim()
  if (text === undefined || text === '' || text.length > 64) return undefined
  // Fractions are not in the standard, but are sent.
  if (/^\d+(?:\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000)
  const at = parseHttpDate(text, nowMs)
  return at === undefined ? undefined : Math.max(0, at - nowMs)
}

/** Not `Date.parse`, which takes far more than HTTP dates, and not the same in every runtime. */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  const lower = text.toLowerCase()
  const imf = IMF.exec(lower)
  if (imf) return utc(imf[3], imf[2], imf[1], imf.slice(4))
  const old = RFC850.exec(lower)
  if (old) {
    const at = utc(String(2000 + Number(old[3])), old[2], old[1], old.slice(4))
    // A two-digit year that seems more than 50 years ahead means the last century.
    const tooFar = at !== undefined && at - nowMs > 50 * 365.25 * 86_400_000
    return tooFar ? utc(String(1900 + Number(old[3])), old[2], old[1], old.slice(4)) : at
  }
  const asctime = ASCTIME.exec(lower)
  return asctime ? utc(asctime[6], asctime[1], asctime[2]?.trim(), asctime.slice(3, 6)) : undefined
}

function utc(
  year: string | undefined,
  month: string | undefined,
  day: string | undefined,
  time: readonly string[],
): number | undefined {
  const monthIndex = MONTHS.indexOf(month ?? '')
  const [hour = 0, minute = 0, second = 0] = time.map(Number)
  const dayOfMonth = Number(day)
  if (monthIndex === -1 || hour > 23 || minute > 59 || second > 60) return undefined
  const at = Date.UTC(Number(year), monthIndex, dayOfMonth, hour, minute, second)
  // 31 February would silently become a day in March.
  return new Date(Date.UTC(Number(year), monthIndex, dayOfMonth)).getUTCDate() === dayOfMonth ? at : undefined
}
