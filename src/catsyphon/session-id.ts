/** Session ids are global on a server, stand in URLs, and name files of the outbox: a small alphabet keeps all three safe. */
import { SignalboxError } from '../errors.js'

// The server takes 255; the outbox's own names need some of them.
const MAX_CHARACTERS = 200

export function checkSessionId(id: string): string {
  if (/^[A-Za-z0-9._:-]+$/.test(id) && id.length <= MAX_CHARACTERS && id !== '.' && id !== '..') return id
  throw new SignalboxError({
    code: 'invalid_argument',
    message: `${JSON.stringify(id.slice(0, 80))} cannot be a session id: 1 to ${MAX_CHARACTERS} of A-Z a-z 0-9 . _ : - are allowed, and not . or .. alone.`,
    hint: 'Ids are global on a server: use crypto.randomUUID().',
    system: 'catsyphon',
  })
}

export const sessionPath = (id: string): string => `/collectors/sessions/${encodeURIComponent(id)}`
