/** Times as pydantic reads them and as Python prints them: which are accepted, and which error the others give. */

export interface Moment {
  /** Microseconds since 1970, of the wall clock shown when there is no offset. */
  readonly micros: number
  /** Minutes east of UTC, or null for a value without offset. */
  readonly offset: number | null
}

export interface MomentError {
  readonly type: string
  readonly msg: string
}

const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[Tt _](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([Zz]|[+-]\d{2}:?\d{2})?)?$/
const DAY_MICROS = 86_400_000_000
const tooShort: MomentError = {
  type: 'datetime_from_date_parsing',
  msg: 'Input should be a valid datetime or date, input is too short',
}
const invalid: MomentError = { type: 'datetime_from_date_parsing', msg: 'Input should be a valid datetime or date' }

export function parseMoment(value: unknown): Moment | MomentError {
  if (typeof value === 'number') return fromNumber(value)
  if (typeof value !== 'string') return { type: 'datetime_type', msg: 'Input should be a valid datetime' }
  if (/^-?\d+(?:\.\d+)?$/.test(value)) return fromNumber(Number(value))
  const parts = ISO.exec(value)
  if (!parts) return value.length < 10 ? tooShort : invalid
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] = parts
  const date = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
  const shown = new Date(date)
  if (shown.getUTCMonth() + 1 !== Number(month) || shown.getUTCDate() !== Number(day) || Number(hour) > 23) return invalid
  if (Number(year) < 1) return invalid
  const micros = date * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'))
  const offset = offsetOf(zone)
  return { micros: micros - (offset ?? 0) * 60_000_000, offset }
}

export const isMoment = (value: Moment | MomentError): value is Moment => 'micros' in value

// Above this, pydantic takes a number for milliseconds.
const SECONDS_WATERSHED = 2e10

function fromNumber(value: number): Moment | MomentError {
  const seconds = Math.abs(value) > SECONDS_WATERSHED ? value / 1000 : value
  if (seconds > 253_402_300_799 || seconds < -62_135_596_800) {
    return {
      type: 'datetime_parsing',
      msg: 'Input should be a valid datetime, dates after 9999 are not supported as unix timestamps',
    }
  }
  return { micros: Math.round(seconds * 1e6), offset: 0 }
}

function offsetOf(zone: string | undefined): number | null {
  if (zone === undefined) return null
  if (zone === 'Z' || zone === 'z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))
  return zone[0] === '-' ? -minutes : minutes
}

/** `datetime.isoformat()`: the given offset kept, no fraction when it is zero, else six digits. */
export function pythonIso({ micros, offset }: Moment): string {
  const shown = micros + (offset ?? 0) * 60_000_000
  const fraction = ((shown % 1_000_000) + 1_000_000) % 1_000_000
  const whole = new Date((shown - fraction) / 1000).toISOString().slice(0, 19)
  const tail = fraction === 0 ? '' : `.${String(fraction).padStart(6, '0')}`
  if (offset === null) return `${whole}${tail}`
  const size = Math.abs(offset)
  const two = (part: number): string => String(part).padStart(2, '0')
  return `${whole}${tail}${offset < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
}

/** Whether the time in UTC leaves the years that Python's datetime has. */
export function leavesCalendar({ micros }: Moment): boolean {
  return micros < -62_135_596_800_000_000 || micros >= 253_402_300_800_000_000 || Math.abs(micros) > DAY_MICROS * 3_660_000
}
