/** The CLI's own session files: lists, reads and follows them. Unknown entries of other versions pass. One chunk is in memory at a time. */
import { createReadStream } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { createAccumulator } from '../../../src/core/codec/bytes.js'
import { sleep, systemClock, type Clock } from '../../../src/core/clock.js'
import { onAbort } from '../../../src/core/on-abort.js'
import { abortError } from '../../../src/core/deadline.js'
import { SignalboxError } from '../../../src/errors.js'
import { projectKey } from '../../../src/claude/launch/project-key.js'

/** Where the CLI keeps its sessions. */
export interface SessionFilesOptions {
  /** Default: CLAUDE_CONFIG_DIR, else `~/.claude`. */
  readonly configDir?: string
  /** Sessions of this working directory only. */
  readonly cwd?: string
}

/** A session that the CLI has kept on disk. */
export interface SessionFile {
  /** The id of the session. */
  readonly sessionId: string
  /** The path of the file. */
  readonly path: string
  /** The CLI's name for the working directory of the session. */
  readonly projectKey: string
  /** The size of the file. */
  readonly bytes: number
  /** Milliseconds since 1970. */
  readonly modifiedAt: number
}

/** A line of a session file. The CLI may change its format, so only the stable fields have types. */
export interface SessionEntry {
  /** The kind of the line, such as `user` or `assistant`. */
  readonly type: string
  /** The id of the line. */
  readonly uuid?: string
  /** The id of the line before it in the conversation; null for the first. */
  readonly parentUuid?: string | null
  /** The id of its session. */
  readonly sessionId?: string
  /** When it was written, in ISO 8601. */
  readonly timestamp?: string
  /** The message, for lines of the user and the assistant. */
  readonly message?: { readonly role?: string; readonly content?: unknown; readonly [field: string]: unknown }
  readonly [field: string]: unknown
}

/** Options of `readSessionFile`. */
export interface ReadSessionOptions {
  /** The byte to start from: `next` of an earlier batch. Default 0. */
  readonly from?: number
  /** Ends the reading. */
  readonly signal?: AbortSignal
  /** Longer lines are skipped. Default 32 MiB. */
  readonly maxLineBytes?: number
}

/** Options of `followSessionFile`. */
export interface FollowOptions extends ReadSessionOptions {
  /** How often to check the file for new lines. Default 250 ms. */
  readonly pollMs?: number
  /** The source of time. */
  readonly clock?: Clock
}

/** A batch of entries of a session file. */
export interface SessionEntries {
  /** The entries, in the order of the file. */
  readonly entries: readonly SessionEntry[]
  /** The byte after the last complete line: pass it as `from` to continue. */
  readonly next: number
}

const CHUNK_BYTES = 256 * 1024
const NEWLINE = 0x0a

const configDirOf = ({ configDir }: SessionFilesOptions): string =>
  configDir ?? process.env.CLAUDE_CONFIG_DIR ?? join(homedir(), '.claude')

/** Newest first. Subagents' files are not sessions and are left out. */
export async function listSessionFiles(options: SessionFilesOptions = {}): Promise<SessionFile[]> {
  const root = join(configDirOf(options), 'projects')
  const wanted = options.cwd === undefined ? undefined : projectKey(resolve(options.cwd))
  const found: SessionFile[] = []
  for (const key of await namesIn(root)) {
    // The CLI adds a hash to longer keys, and how it computes the hash is unknown.
    if (wanted !== undefined && key !== wanted && !(wanted.length === 200 && key.startsWith(wanted))) continue
    for (const name of await namesIn(join(root, key))) {
      if (!name.endsWith('.jsonl') || name.startsWith('agent-')) continue
      const path = join(root, key, name)
      const about = await stat(path).catch(() => undefined)
      if (!about?.isFile()) continue
      found.push({
        sessionId: name.slice(0, -'.jsonl'.length),
        path,
        projectKey: key,
        bytes: about.size,
        modifiedAt: about.mtimeMs,
      })
    }
  }
  return found.sort((a, b) => b.modifiedAt - a.modifiedAt)
}

/** Batches of entries to the end of the file as it is now. Broken lines and lines that are too long are passed over. */
export async function* readSessionFile(path: string, options: ReadSessionOptions = {}): AsyncGenerator<SessionEntries, void, void> {
  const { from = 0, signal, maxLineBytes = 32 * 1024 * 1024 } = options
  const reader = createEntryReader(from, maxLineBytes)
  const checkAborted = (): void => {
    if (signal?.aborted) throw abortError(signal, { system: 'claude', op: 'readSessionFile' })
  }
  const stream = createReadStream(path, { start: from, highWaterMark: CHUNK_BYTES })
  const ignore = onAbort(signal, () => void stream.destroy())
  try {
    for await (const chunk of stream) {
      checkAborted()
      const batch = reader.push(chunk as Uint8Array)
      if (batch.entries.length > 0) yield batch
    }
    checkAborted()
    const last = reader.end()
    if (last.entries.length > 0) yield last
  } catch (error) {
    checkAborted()
    throw unreadable(path, error)
  } finally {
    ignore()
    stream.destroy()
  }
}

/** The same without an end: continues while the CLI writes. A file that is cut short is read from its start again. */
export async function* followSessionFile(path: string, options: FollowOptions = {}): AsyncGenerator<SessionEntries, void, void> {
  const { signal, pollMs = 250, clock = systemClock, maxLineBytes = 32 * 1024 * 1024 } = options
  let position = options.from ?? 0
  let reader = createEntryReader(position, maxLineBytes)
  while (!signal?.aborted) {
    const about = await stat(path).catch(() => undefined)
    if (about && about.size < position) {
      position = 0
      reader = createEntryReader(0, maxLineBytes)
    }
    if (about && about.size > position) {
      const file = await open(path, 'r').catch((error: unknown) => {
        // The file was removed after `stat`. It may come back, so this is not a failure.
        if (codeOf(error) !== 'ENOENT') throw unreadable(path, error)
      })
      if (!file) continue
      try {
        const buffer = new Uint8Array(CHUNK_BYTES)
        for (;;) {
          const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, position)
          if (bytesRead === 0) break
          position += bytesRead
          const batch = reader.push(buffer.slice(0, bytesRead))
          if (batch.entries.length > 0) yield batch
          if (signal?.aborted) return
        }
      } catch (error) {
        throw unreadable(path, error)
      } finally {
        await file.close()
      }
    }
    try {
      await sleep(clock, pollMs, signal)
    } catch {
      return
    }
  }
}

/** Counts the bytes of whole lines, so that a reader can go on where it stopped, and gets past a line that is too long. */
function createEntryReader(from: number, maxLineBytes: number) {
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
  const partial = createAccumulator()
  let read = from
  let next = from
  let skipping = false
  /** Another piece of the line in `partial`. */
  const add = (piece: Uint8Array): void => {
    skipping ||= partial.length + piece.byteLength > maxLineBytes
    if (skipping) partial.clear()
    else partial.append(piece, maxLineBytes)
  }
  const take = (entries: SessionEntry[]): void => {
    const entry = skipping ? undefined : entryOf(utf8.decode(partial.view()))
    if (entry) entries.push(entry)
    partial.clear()
    skipping = false
  }
  return {
    push(chunk: Uint8Array): SessionEntries {
      const entries: SessionEntry[] = []
      let start = 0
      for (let newline = chunk.indexOf(NEWLINE); newline !== -1; newline = chunk.indexOf(NEWLINE, start)) {
        add(chunk.subarray(start, newline))
        take(entries)
        start = newline + 1
        next = read + start
      }
      add(chunk.subarray(start))
      read += chunk.byteLength
      return { entries, next }
    },
    /** The file may end without a newline; such a line is whole or still being written. */
    end(): SessionEntries {
      const entries: SessionEntry[] = []
      take(entries)
      if (entries.length > 0) next = read
      return { entries, next }
    },
  }
}

/** Undefined for a line that is blank or broken, or is not an entry. */
function entryOf(line: string): SessionEntry | undefined {
  try {
    const value = JSON.parse(line) as SessionEntry | null
    return typeof value?.type === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => [])
}

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? 'unknown')

function unreadable(path: string, cause: unknown): SignalboxError {
  if (SignalboxError.is(cause)) return cause
  const code = codeOf(cause)
  const facts = { system: 'claude', op: 'readSessionFile', remoteCode: code, cause } as const
  if (code === 'ENOENT') return new SignalboxError({ ...facts, code: 'not_found', message: `There is no session file at ${path}.` })
  const denied = code === 'EACCES' || code === 'EPERM'
  return new SignalboxError({
    ...facts,
    code: denied ? 'permission_denied' : 'unavailable',
    message: `The session file ${path} cannot be read (${code}).`,
  })
}
