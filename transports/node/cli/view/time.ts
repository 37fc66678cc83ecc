/** Times as a person types and reads them. */
import { SignalboxError } from '../../../../src/errors.js'

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** Reads `500ms`, `30s`, `5m` or `1h`; a bare number is seconds. */
export function parseDuration(text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim()) ?? []
  if (number !== undefined) return Math.round(Number(number) * (UNITS[unit] as number))
  throw new SignalboxError({ code: 'invalid_argument', message: `"${text}" is not a time.`, hint: 'Write 500ms, 30s, 5m or 1h.' })
}

/** A duration in the largest fitting unit: `0.4 s`, `12 s`, `3 min`. */
export function formatDuration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`
}

/** How long ago an ISO time was, in words that fit a table. */
export function ago(iso: string, nowMs: number): string {
  const ms = nowMs - Date.parse(iso)
  if (Number.isNaN(ms)) return ''
  return ms < 2_000 ? 'now' : `${formatDuration(ms)} ago`
}
