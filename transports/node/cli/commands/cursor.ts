import { SignalboxError } from '../../../../src/errors.js'
import type { HubCursor } from '../../../../src/hub/index.js'

/** Reads a cursor as `JOURNAL:SEQ`. */
export function parseCursor(text: string): HubCursor {
  const [, journal, seq] = /^(.+):(\d+)$/.exec(text) ?? []
  if (journal !== undefined && seq !== undefined) return { journal, seq: Number(seq) }
  throw new SignalboxError({ code: 'invalid_argument', message: `"${text}" is not a cursor.`, hint: 'Use oldest, or JOURNAL:SEQ.' })
}
