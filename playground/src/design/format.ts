/** Times, money and sizes for people. */

/** How long ago an ISO time is, such as `4 s ago`. */
export function ago(iso: string, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(iso)) / 1000))
  if (seconds < 2) return 'just now'
  return seconds < 90 ? `${seconds} s ago` : `${span(seconds * 1000)} ago`
}

/** A duration, such as `450 ms`, `4 s`, `3 min`, `2 h`. */
export function span(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  const seconds = ms / 1000
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 90) return `${Math.round(seconds)} s`
  const minutes = seconds / 60
  if (minutes < 90) return `${Math.round(minutes)} min`
  const hours = minutes / 60
  return hours < 36 ? `${Math.round(hours)} h` : `${Math.round(hours / 24)} d`
}

/** A duration to the second, such as `2 min 7 s`, where a rounded minute would contradict another figure. */
export function exactSpan(ms: number): string {
  if (ms < 90_000) return span(ms)
  const seconds = Math.round(ms / 1000)
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor(seconds / 60) % 60
  const parts = hours > 0 ? [`${hours} h`, `${minutes} min`] : [`${minutes} min`, `${seconds % 60} s`]
  return parts.filter((part) => !part.startsWith('0 ')).join(' ')
}

/** Minutes and seconds, such as `0:42`: for a countdown, and for an axis of time. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** US dollars. Small sums keep four digits. */
export function money(usd: number): string {
  return usd !== 0 && usd < 0.1 ? `$${usd.toFixed(4)}` : `$${usd.toFixed(2)}`
}

// Made once: `toLocaleString` makes a formatter for each call.
const COUNT = new Intl.NumberFormat('en-GB')
const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })

/** A count with thin separators. */
export const count = (value: number): string => COUNT.format(value)

/** A local time of day, such as `18:05:09`. */
export const clockTime = (ms: number): string => CLOCK.format(ms)

/** The same with milliseconds, such as `18:05:09.042`. */
export const preciseTime = (ms: number): string => `${clockTime(ms)}.${String(Math.floor(ms) % 1_000).padStart(3, '0')}`

/** Any value as text for people: strings as they are, objects as JSON. */
export function readable(value: unknown): string {
  if (typeof value === 'string') return value
  return JSON.stringify(value, undefined, 2) ?? ''
}
