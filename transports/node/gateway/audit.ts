/** The audit log: who did what to which upstream, with which outcome, when. One JSON line each, never content; rotated and bounded. */
import { createReadStream } from 'node:fs'
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { auditEntryOf, isAudited, type AuditEntry } from '../../../src/gateway/audit-trail.js'
import type { GatewayEvent } from '../../../src/gateway/index.js'
import { prepareTokenFolder } from './token-file.js'

/** Where the log is, and how large it may become. */
export interface AuditOptions {
  /** The file. Its folder may be writable for this user only. */
  readonly path: string
  /** Size at which the file is rotated; default 8 MiB. */
  readonly maxBytes?: number
  /** Files that are kept, the current one included; default 4. */
  readonly maxFiles?: number
  /** The time of an entry. Default the clock of the machine. */
  readonly now?: () => Date
}

/** An open log. */
export interface AuditLog extends AsyncDisposable {
  /** The file that is written now. Rotated files are beside it: `<path>.1` and so on. */
  readonly path: string
  /**
   * Adds one line. Never waits and never throws. Lines that cannot be written, or that too many others wait before, are counted in a
   * later line.
   *
   * @example
   * import { openAuditLog, serveGateway } from 'signalbox/node'
   *
   * await using audit = await openAuditLog({ path: '/home/me/.signalbox/audit.log' })
   * await using served = await serveGateway({ upstreams: {}, onEvent: (event) => audit.write(event) })
   */
  write(event: GatewayEvent): void
  /**
   * Resolves when everything written so far is in the file.
   *
   * @example
   * import { openAuditLog } from 'signalbox/node'
   *
   * await using audit = await openAuditLog({ path: '/home/me/.signalbox/audit.log' })
   * await audit.flush()
   */
  flush(): Promise<void>
}

/** The most bytes that wait for the disk. Above it lines are dropped, and their number is written later. */
const MAX_WAITING_BYTES = 1024 * 1024

/**
 * Opens the log, in a folder that only this user may write to.
 *
 * @example
 * import { openAuditLog, serveGateway } from 'signalbox/node'
 *
 * await using audit = await openAuditLog({ path: '/home/me/.signalbox/audit.log' })
 * await using served = await serveGateway({ upstreams: {}, onEvent: (event) => audit.write(event) })
 * console.log(served.url)
 */
export async function openAuditLog(options: AuditOptions): Promise<AuditLog> {
  const { path, maxBytes = 8 * 1024 * 1024, maxFiles = 4, now = () => new Date() } = options
  await prepareTokenFolder(path)
  let file: FileHandle | undefined = await open(path, 'a', 0o600)
  let size = (await file.stat()).size
  let waiting = ''
  let dropped = 0
  let writing: Promise<void> | undefined

  const rotate = async (): Promise<void> => {
    await file?.close()
    file = undefined
    await rm(`${path}.${maxFiles - 1}`, { force: true })
    for (let index = maxFiles - 2; index >= 0; index -= 1) {
      await rename(index === 0 ? path : `${path}.${index}`, `${path}.${index + 1}`).catch(() => {})
    }
    // Set before the file is opened. When that fails, the next attempt only opens it, and does not move the older files once more.
    size = 0
  }
  const append = async (lines: string): Promise<void> => {
    if (size > 0 && size + lines.length > maxBytes) await rotate()
    file ??= await open(path, 'a', 0o600)
    await file.appendFile(lines)
    size += Buffer.byteLength(lines)
  }
  const writeAll = async (): Promise<void> => {
    // Lines of one turn of the event loop are written together.
    await Promise.resolve()
    while (waiting !== '') {
      const lines = waiting
      const missing = dropped
      waiting = ''
      try {
        const note = { time: now().toISOString(), event: 'dropped', lines: missing }
        await append(missing > 0 ? `${JSON.stringify(note)}\n${lines}` : lines)
        dropped -= missing
      } catch {
        // The disk may be full or the folder gone. A later line has the number of the lines that are missing.
        dropped += lines.split('\n').length - 1
      }
    }
  }
  const add = (entry: object): void => {
    const line = `${JSON.stringify(entry)}\n`
    if (waiting.length + line.length > MAX_WAITING_BYTES) dropped += 1
    else waiting += line
    writing ??= writeAll().finally(() => {
      writing = undefined
    })
  }
  const flush = async (): Promise<void> => {
    while (writing) await writing
  }
  return {
    path,
    write(event) {
      if (isAudited(event)) add(auditEntryOf(event, now()))
    },
    flush,
    async [Symbol.asyncDispose]() {
      await flush()
      await file?.close()
    },
  }
}

/** Which lines are wanted. */
export interface ReadAuditOptions {
  /** How many files are read, the current one included; default 4. */
  readonly maxFiles?: number
  /** How many lines at most, the newest ones; default 100. */
  readonly limit?: number
  /** Only lines of this credential, by id or name. */
  readonly credential?: string
}

/** The last entries, the oldest first, over all rotated files. Lines that are cut are left out. */
export async function readAuditLog(path: string, options: ReadAuditOptions = {}): Promise<AuditEntry[]> {
  const { maxFiles = 4, limit = 100, credential } = options
  let entries: AuditEntry[] = []
  for (let index = maxFiles - 1; index >= 0; index -= 1) {
    const name = index === 0 ? path : `${path}.${index}`
    if (!(await stat(name).catch(() => undefined))) continue
    for await (const line of createInterface({ input: createReadStream(name, 'utf8') })) {
      const entry = parsed(line)
      if (!entry || (credential !== undefined && entry.credential !== credential && entry.name !== credential)) continue
      entries.push(entry)
      if (entries.length > 2 * limit) entries = newest(entries, limit)
    }
  }
  return newest(entries, limit)
}

const newest = (entries: AuditEntry[], limit: number): AuditEntry[] => (limit > 0 ? entries.slice(-limit) : [])

function parsed(line: string): AuditEntry | undefined {
  try {
    return JSON.parse(line) as AuditEntry
  } catch {
    return undefined
  }
}
