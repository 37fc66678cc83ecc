/** Checks of session ids. They are global on a server, part of URLs, and names of files: a small alphabet is safe in all three. */
import { invalid } from './errors.js'

// The server takes 255 characters. The outbox adds some to make its file names.
export function checkSessionId(id: string): string {
  if (/^(?!\.\.?$)[\w.:-]{1,200}$/.test(id)) return id
  throw invalid(
    `${JSON.stringify(id.slice(0, 80))} is no session id: 1 to 200 of A-Z a-z 0-9 . _ : -, not . or .. alone.`,
    'Ids are global on a server: use crypto.randomUUID().',
  )
}

export const sessionPath = (id: string): string => `/collectors/sessions/${checkSessionId(id)}`
