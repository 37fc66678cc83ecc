/**
 * Recordings as files: JSON lines, the first of which says what the others are. `hub`: events of the journal. `wire`: lines that crossed the
 * links of one system.
 */
import { open, readFile } from 'node:fs/promises'
import { SignalboxError } from '../../../../src/errors.js'
import type { HubEvent } from '../../../../src/hub/index.js'
import { createRedactor, isSecretName, type Redactor } from '../../../../src/redact.js'
import type { RecordedLine } from '../../../../src/testing/recording.js'

interface Header {
  readonly recording: 'hub' | 'wire'
  readonly v: 1
  /** Of a wire: the system. */
  readonly system?: string
  readonly at: string
}

/** The content of a recording. */
export type Recording =
  | { readonly recording: 'hub'; readonly at: string; readonly events: readonly HubEvent[] }
  | { readonly recording: 'wire'; readonly at: string; readonly system: string; readonly lines: readonly RecordedLine[] }

export interface RecordingWriter extends AsyncDisposable {
  write(items: readonly object[]): Promise<void>
}

/** Creates the file, readable by its user alone, and writes the first line. Refuses to overwrite a file. */
export async function createRecording(path: string, header: Pick<Header, 'recording' | 'system'>): Promise<RecordingWriter> {
  const file = await open(path, 'wx', 0o600).catch((cause: NodeJS.ErrnoException) => {
    const exists = cause.code === 'EEXIST'
    throw new SignalboxError({
      code: exists ? 'conflict' : 'invalid_argument',
      message: exists ? `${path} exists already.` : `${path} cannot be written (${cause.code ?? 'failed'}).`,
      hint: 'Name a new file.',
      cause,
    })
  })
  const write: RecordingWriter['write'] = async (items) => {
    if (items.length > 0) await file.write(items.map((item) => `${JSON.stringify(item)}\n`).join(''))
  }
  await write([{ ...header, v: 1, at: new Date().toISOString() }])
  return { write, [Symbol.asyncDispose]: () => file.close() }
}

/** Reads a recording. A last line that is cut off, as after a kill, is left out. */
export async function readRecording(path: string): Promise<Recording> {
  const wrong = (why: string, cause?: unknown): SignalboxError =>
    new SignalboxError({
      code: 'invalid_argument',
      message: `${path} is not a recording: ${why}.`,
      hint: 'signalbox record makes one.',
      ...(cause === undefined ? {} : { cause }),
    })
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw wrong(`it cannot be read (${cause.code ?? 'failed'})`, cause)
  })
  const items = text
    .split('\n')
    .slice(0, -1)
    .map((line, index) => {
      try {
        return JSON.parse(line) as unknown
      } catch {
        throw wrong(`line ${index + 1} is not JSON`)
      }
    })
  const [header, ...rest] = items as [Partial<Header> | undefined, ...unknown[]]
  if (header?.v !== 1) throw wrong('its first line does not say what it is')
  const { recording, at = '', system = '' } = header
  if (recording === 'hub') {
    // Parts of messages are written after later events.
    const events = (rest as readonly HubEvent[]).toSorted((a, b) => a.seq - b.seq)
    return { recording, at, events }
  }
  if (recording === 'wire') return { recording, at, system, lines: rest as readonly RecordedLine[] }
  throw wrong('it is of an unknown kind')
}

/** Secrets that this process knows: the values of variables whose names say so. */
export function knownSecrets(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && value.length >= 8 && isSecretName(name) ? [value] : [],
  )
}

/** Masks the secrets that this process knows, and text that looks like a credential. */
export const redactorFor = (env: Readonly<Record<string, string | undefined>>): Redactor => createRedactor(knownSecrets(env))
