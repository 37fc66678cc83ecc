/** Writes context as TOON, a compact notation that saves tokens on uniform lists. Needs the package `@toon-format/toon`. */
import { decode, encode } from '@toon-format/toon'
import type { ContextEncoder } from './run/context.js'
import { ClaudeError } from './messages/errors.js'
import type { Metrics } from './ops/metrics.js'
import type { ClaudeSettings } from './ops/settings.js'

/** Data that TOON cannot write. */
export class ToonEncodingError extends ClaudeError {
  override readonly name = 'ToonEncodingError'
}

/** Options of `toon`. */
export interface ToonConfig {
  /** False writes all data as JSON. Default true. */
  readonly enabled?: boolean
  /** The character between the values of a row. Default `,`. */
  readonly delimiter?: ',' | '\t' | '|'
  /** Spaces for a level. Default 2. */
  readonly indent?: number
  /** TOON is used only if it saves more than this part of the JSON text (0 to 1). Default 0: any saving. */
  readonly minSavings?: number
  /** Called after each encoding with what TOON saves, also when the data goes as JSON. */
  readonly onEncoded?: (savings: ToonSavings) => void
}

/** What TOON saves against JSON. */
export interface ToonSavings {
  /** The length of the data as JSON. */
  readonly jsonCharacters: number
  /** The length of the data as TOON. */
  readonly toonCharacters: number
  /** Estimates, at four characters a token. */
  readonly tokensSaved: number
  /** 1 - TOON / JSON; below 0 where TOON is longer. */
  readonly ratio: number
  /** Whether TOON was used; false when it saves too little. */
  readonly used: boolean
}

const DELIMITER_NAMES: Readonly<Record<string, string>> = { ',': 'commas', '\t': 'tabs', '|': 'pipes' }

/** The encoder for the option `toon` of a run. Data that TOON does not make shorter is written as JSON. */
export function toon(config: ToonConfig = {}): ContextEncoder {
  const { enabled = true, delimiter = ',', minSavings = 0, onEncoded } = config
  return {
    encode(data) {
      if (!enabled) return undefined
      const text = encodeToon(data, config)
      const jsonCharacters = (JSON.stringify(data) ?? '').length
      const ratio = jsonCharacters === 0 ? 0 : 1 - text.length / jsonCharacters
      const used = ratio > minSavings
      const tokensSaved = Math.max(0, Math.round((jsonCharacters - text.length) / 4))
      onEncoded?.({ jsonCharacters, toonCharacters: text.length, tokensSaved, ratio, used })
      if (!used) return undefined
      const hint = `(TOON: a header [N]{fields}: is followed by N rows, their values separated by ${DELIMITER_NAMES[delimiter] ?? delimiter}.)`
      return { text, language: 'toon', hint }
    },
  }
}

/** The encoder with the settings of the environment. Adds the savings to `metrics`, if given. */
export function toonBy(
  settings: Pick<ClaudeSettings, 'toonEnabled' | 'toonDelimiter' | 'toonTrackSavings'>,
  metrics?: Pick<Metrics, 'recordToonSavings'>,
): ContextEncoder {
  const { toonEnabled: enabled, toonDelimiter: delimiter, toonTrackSavings } = settings
  const onEncoded = ({ ratio, tokensSaved }: ToonSavings): void => metrics?.recordToonSavings(ratio, tokensSaved)
  return toon({ enabled, delimiter, ...(toonTrackSavings ? { onEncoded } : {}) })
}

/** Writes data as TOON text. Throws `ToonEncodingError` for data that TOON cannot write. */
export function encodeToon(data: unknown, { delimiter = ',', indent = 2 }: ToonConfig = {}): string {
  try {
    return encode(data, { delimiter, indentSize: indent })
  } catch (cause) {
    throw failed('encoded as', cause)
  }
}

/** Reads TOON text. Throws `ToonEncodingError` for wrong counts and broken indentation. */
export function decodeToon(text: string): unknown {
  try {
    return decode(text, { strict: true })
  } catch (cause) {
    throw failed('decoded from', cause)
  }
}

/** Whether TOON probably saves tokens: the data is, or contains, a list of objects with the same keys. */
export function shouldUseToon(data: unknown): boolean {
  if (Array.isArray(data)) {
    const [first] = data
    if (data.length < 2 || typeof first !== 'object' || first === null || Array.isArray(first)) return false
    const keys = Object.keys(first).join('\0')
    return data.every((item) => typeof item === 'object' && item !== null && Object.keys(item).join('\0') === keys)
  }
  return typeof data === 'object' && data !== null && Object.values(data).some(shouldUseToon)
}

function failed(how: string, cause: unknown): ToonEncodingError {
  return new ToonEncodingError({
    code: 'invalid_argument',
    message: `The data could not be ${how} TOON: ${cause instanceof Error ? cause.message : String(cause)}`,
    cause,
  })
}
