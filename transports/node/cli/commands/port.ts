import { SignalboxError } from '../../../../src/errors.js'

/** Reads a port of the command line. Undefined stays undefined. */
export function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new SignalboxError({
    code: 'invalid_argument',
    message: `"${text}" is not a port.`,
    hint: 'A port is a number from 0 to 65535.',
  })
}
