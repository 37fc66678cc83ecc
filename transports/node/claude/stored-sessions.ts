/**
 * The sessions that the CLI has kept on disk, without a CLI: lists, reads, renames, tags, archives, deletes and forks them. A change is a line
 * at the end of the session's file, as the CLI itself writes it. The formats are those of the CLIs 2.0.76 to 2.1.332.
 */
import { appendFile, mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isUuid } from '../../../src/claude/launch/uuid.js'
import { isRecord } from '../../../src/core/is-record.js'
import { SignalboxError } from '../../../src/errors.js'
import {
  listSessionFiles,
  readSessionFile,
  type SessionEntry,
  type SessionFile,
  type SessionFilesOptions,
} from './session-files.js'

/** The facts about a session that the CLI has stored. */
export interface StoredSession {
  /** The id of the session. */
  readonly sessionId: string
  /** The path of its file. */
  readonly path: string
  /** The name that people see: the title, else the last or the first prompt. */
  readonly summary: string
  /** The title that a person has given. */
  readonly title: string | undefined
  /** The first prompt. */
  readonly firstPrompt: string | undefined
  /** The tag. */
  readonly tag: string | undefined
  /** Whether the session is archived. A later prompt ends that. */
  readonly archived: boolean
  /** The working directory. */
  readonly cwd: string | undefined
  /** The branch of git. */
  readonly gitBranch: string | undefined
  /** When the first line was written, in milliseconds since 1970. */
  readonly createdAt: number | undefined
  /** When the file last changed, in milliseconds since 1970. */
  readonly modifiedAt: number
  /** The size of the file. */
  readonly bytes: number
}

/** A message of a stored session. */
export interface StoredMessage {
  /** Who wrote it. */
  readonly type: 'user' | 'assistant' | 'system'
  /** The id of the message; `fork` and `resumeSessionAt` take it. */
  readonly uuid: string
  /** The session. */
  readonly sessionId: string
  /** When it was written, in ISO 8601. */
  readonly timestamp: string | undefined
  /** The message of the API; undefined for `system`. */
  readonly message: SessionEntry['message']
  /** The line of the file. */
  readonly entry: SessionEntry
}

/** A part of a list. */
export interface PageOptions {
  /** How many sessions to return. Default: all. */
  readonly limit?: number
  /** How many sessions to skip first. Default 0. */
  readonly offset?: number
}

/** The sessions that the CLI has kept on this machine. */
export interface StoredSessions {
  /**
   * The sessions, newest first. Reads the file of each session that it gives.
   *
   * @example
   * ```ts
   * import { storedSessions } from 'signalbox/node'
   *
   * for (const { sessionId, summary } of await storedSessions().list({ limit: 10 })) console.log(sessionId, summary)
   * ```
   */
  list(options?: PageOptions): Promise<StoredSession[]>
  /**
   * One session; undefined when there is none with this id, or when it has no message.
   *
   * @example
   * ```ts
   * import { storedSessions } from 'signalbox/node'
   *
   * console.log((await storedSessions().info('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11'))?.title)
   * ```
   */
  info(sessionId: string): Promise<StoredSession | undefined>
  /**
   * The messages of a session that lead to its last message, oldest first; empty for an unknown session.
   *
   * @example
   * ```ts
   * import { storedSessions } from 'signalbox/node'
   *
   * for (const { type, message } of await storedSessions().messages('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11')) console.log(type, message)
   * ```
   */
  messages(sessionId: string, options?: PageOptions & { readonly includeSystem?: boolean }): Promise<StoredMessage[]>
  /**
   * The ids of the subagents of a session.
   *
   * @example
   * ```ts
   * import { storedSessions } from 'signalbox/node'
   *
   * console.log(await storedSessions().subagents('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11'))
   * ```
   */
  subagents(sessionId: string): Promise<string[]>
  /**
   * The messages of a subagent, oldest first; empty for an unknown one.
   *
   * @example
   * ```ts
   * import { storedSessions } from 'signalbox/node'
   *
   * console.log((await storedSessions().subagentMessages('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11', 'a46d909')).length)
   * ```
   */
  subagentMessages(sessionId: string, agentId: string, options?: PageOptions): Promise<StoredMessage[]>
  /**
   * Gives a session a title. Fails with `not_found` for an unknown session.
   *
   * @example
   * ```ts
   * import { storedSessions } from 'signalbox/node'
   *
   * await storedSessions().rename('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11', 'Release notes')
   * ```
   */
  rename(sessionId: string, title: string): Promise<void>
  /**
   * Gives a session a tag; null removes it. Fails with `not_found` for an unknown session.
   *
   * @example
   * ```ts
   * import { storedSessions } from 'signalbox/node'
   *
   * await storedSessions().tag('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11', 'release')
   * ```
   */
  tag(sessionId: string, tag: string | null): Promise<void>
  /**
   * Marks a session as archived. Fails with `not_found` for an unknown session.
   *
   * @example
   * ```ts
   * import { storedSessions } from 'signalbox/node'
   *
   * await storedSessions().archive('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11')
   * ```
   */
  archive(sessionId: string): Promise<void>
  /**
   * Removes the mark of `archive`. Fails with `not_found` for an unknown session.
   *
   * @example
   * ```ts
   * import { storedSessions } from 'signalbox/node'
   *
   * await storedSessions().unarchive('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11')
   * ```
   */
  unarchive(sessionId: string): Promise<void>
  /**
   * Deletes a session and the files of its subagents. Fails with `not_found` for an unknown session.
   *
   * @example
   * ```ts
   * import { storedSessions } from 'signalbox/node'
   *
   * await storedSessions().delete('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11')
   * ```
   */
  delete(sessionId: string): Promise<void>
  /**
   * Copies a session to a new id, up to a message if one is named, and gives the new id. Fails with `not_found` for an unknown session or
   * message.
   *
   * @example
   * ```ts
   * import { storedSessions } from 'signalbox/node'
   *
   * const copy = await storedSessions().fork('7f1a6d0e-5c2b-4b8e-9a41-2f6f6f1f0c11', { title: 'Another approach' })
   * ```
   */
  fork(sessionId: string, options?: { readonly upTo?: string; readonly title?: string }): Promise<string>
}

const failure = (code: 'not_found' | 'invalid_argument', op: string, message: string): SignalboxError =>
  new SignalboxError({ code, system: 'claude', op, message, sent: 'no' })

/**
 * The sessions that the CLI has kept on this machine. Needs no CLI. Do not change a session while a CLI writes it: the CLI does not read the
 * file again.
 *
 * Long because it is a list of short operations over the same folder.
 *
 * @example
 * ```ts
 * import { storedSessions } from 'signalbox/node'
 *
 * const sessions = storedSessions({ cwd: process.cwd() })
 * for (const { sessionId, summary } of await sessions.list()) console.log(sessionId, summary)
 * ```
 */
export function storedSessions(options: SessionFilesOptions = {}): StoredSessions {
  const find = async (sessionId: string, op: string): Promise<SessionFile | undefined> => {
    // The id becomes a part of a path, so anything but a UUID is refused.
    if (!isUuid(sessionId))
      throw failure('invalid_argument', op, `The id of a session is a UUID, not ${JSON.stringify(sessionId)}.`)
    return (await listSessionFiles(options)).find((file) => file.sessionId === sessionId)
  }
  const need = async (sessionId: string, op: string): Promise<SessionFile> => {
    const file = await find(sessionId, op)
    if (!file) throw failure('not_found', op, `There is no session ${sessionId}.`)
    return file
  }
  const archive = async (sessionId: string, archived: boolean): Promise<void> => {
    const { path } = await need(sessionId, archived ? 'archive' : 'unarchive')
    await mkdir(folderOf(path), { recursive: true, mode: 0o700 })
    const mark = { archived, at: new Date().toISOString(), by: 'sdk' }
    await writeFile(join(folderOf(path), 'archived.json'), JSON.stringify(mark), { mode: 0o600 })
  }

  return {
    async list({ limit = Number.POSITIVE_INFINITY, offset = 0 } = {}) {
      const found: StoredSession[] = []
      let left = offset
      for (const file of await listSessionFiles(options)) {
        if (found.length >= limit) break
        const info = await infoOf(file)
        if (!info) continue
        if (left > 0) left -= 1
        else found.push(info)
      }
      return found
    },
    async info(sessionId) {
      const file = await find(sessionId, 'info')
      return file && (await infoOf(file))
    },
    async messages(sessionId, { includeSystem = false, ...page } = {}) {
      const file = await find(sessionId, 'messages')
      return file ? pageOf(conversationOf(await entriesOf(file.path), sessionId, includeSystem), page) : []
    },
    async subagents(sessionId) {
      const file = await find(sessionId, 'subagents')
      return file ? [...(await subagentsOf(file)).keys()].sort() : []
    },
    async subagentMessages(sessionId, agentId, page = {}) {
      const file = await find(sessionId, 'subagentMessages')
      const path = file && (await subagentsOf(file)).get(agentId)
      return path === undefined ? [] : pageOf(conversationOf(await entriesOf(path), sessionId, false), page)
    },
    async rename(sessionId, title) {
      if (title.trim() === '') throw failure('invalid_argument', 'rename', 'A title has at least one character.')
      await append(await need(sessionId, 'rename'), { type: 'custom-title', customTitle: title.trim(), sessionId })
    },
    async tag(sessionId, tag) {
      await append(await need(sessionId, 'tag'), { type: 'tag', tag: tag ?? '', sessionId })
    },
    archive: (sessionId) => archive(sessionId, true),
    unarchive: (sessionId) => archive(sessionId, false),
    async delete(sessionId) {
      const file = await need(sessionId, 'delete')
      const subagents = await subagentsOf(file)
      await rm(file.path)
      await rm(folderOf(file.path), { recursive: true, force: true })
      for (const path of subagents.values()) await rm(path, { force: true })
    },
    async fork(sessionId, { upTo, title } = {}) {
      const file = await need(sessionId, 'fork')
      const all = (await entriesOf(file.path)).filter(isOfConversation)
      const end = upTo === undefined ? all.length - 1 : all.findIndex(({ uuid }) => uuid === upTo)
      if (end < 0) throw failure('not_found', 'fork', `The session ${sessionId} has no message ${upTo ?? ''}.`)
      const copyId = crypto.randomUUID()
      const { title: before, summary } = (await infoOf(file)) ?? { title: undefined, summary: 'Session' }
      const lines: object[] = copied(all.slice(0, end + 1), sessionId, copyId)
      lines.push({ type: 'custom-title', sessionId: copyId, customTitle: title ?? `${before ?? summary.slice(0, 80)} (fork)` })
      const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
      await writeFile(join(dirname(file.path), `${copyId}.jsonl`), text, { mode: 0o600, flag: 'wx' })
      return copyId
    },
  }
}

const folderOf = (path: string): string => path.slice(0, -'.jsonl'.length)
const pageOf = <Item>(items: readonly Item[], { limit, offset = 0 }: PageOptions): Item[] =>
  items.slice(offset, limit === undefined ? undefined : offset + limit)

async function entriesOf(path: string): Promise<SessionEntry[]> {
  const all: SessionEntry[] = []
  for await (const { entries } of readSessionFile(path)) all.push(...entries)
  return all
}

/** A line at the end. A last line that was never finished must not run into it. */
async function append({ path }: SessionFile, line: object): Promise<void> {
  const { size } = await stat(path)
  const file = await open(path, 'r')
  const last = new Uint8Array(1)
  try {
    if (size > 0) await file.read(last, 0, 1, size - 1)
  } finally {
    await file.close()
  }
  await appendFile(path, `${size === 0 || last[0] === 0x0a ? '' : '\n'}${JSON.stringify(line)}\n`)
}

const CONVERSATION = new Set(['user', 'assistant', 'system', 'attachment'])
const isOfConversation = ({ type, uuid, isSidechain }: SessionEntry): boolean =>
  CONVERSATION.has(type) && typeof uuid === 'string' && isSidechain !== true

/** The lines with new ids. Ids of lines that were not copied become null. */
function copied(entries: readonly SessionEntry[], from: string, to: string): object[] {
  const ids = new Map(entries.map(({ uuid }) => [uuid, crypto.randomUUID()]))
  const idOf = (uuid: unknown): string | null => ids.get(uuid as string) ?? null
  return entries.map((entry) => {
    const { logicalParentUuid, sourceToolAssistantUUID } = entry
    return {
      ...entry,
      uuid: idOf(entry.uuid),
      parentUuid: idOf(entry.parentUuid),
      ...(logicalParentUuid === undefined ? {} : { logicalParentUuid: idOf(logicalParentUuid) }),
      ...(sourceToolAssistantUUID === undefined ? {} : { sourceToolAssistantUUID: idOf(sourceToolAssistantUUID) }),
      sessionId: to,
      forkedFrom: { sessionId: from, messageUuid: entry.uuid },
    }
  })
}

/** The messages on the way from the first message to the last one. Results of tools that ran side by side are on it too. */
function conversationOf(entries: readonly SessionEntry[], sessionId: string, includeSystem: boolean): StoredMessage[] {
  const known = new Map<string, SessionEntry>()
  let last: SessionEntry | undefined
  for (const entry of entries) {
    if (!CONVERSATION.has(entry.type) || entry.uuid === undefined) continue
    known.set(entry.uuid, entry)
    if (entry.type === 'user' || entry.type === 'assistant') last = entry
  }
  const path = new Set<SessionEntry>()
  for (let at = last; at && !path.has(at); at = known.get(at.parentUuid ?? '')) path.add(at)
  for (const entry of known.values()) {
    const parent = known.get(entry.parentUuid ?? '')
    if (parent && path.has(parent) && (isToolResult(entry) || isSameMessage(entry, parent))) path.add(entry)
  }
  const out: StoredMessage[] = []
  for (const entry of known.values()) {
    const { type, uuid, timestamp, message } = entry
    if (!path.has(entry) || entry.isMeta === true || uuid === undefined) continue
    if (type === 'user' || type === 'assistant' || (type === 'system' && includeSystem))
      out.push({ type, uuid, sessionId, timestamp, message, entry })
  }
  return out
}

const isToolResult = ({ message }: SessionEntry): boolean =>
  Array.isArray(message?.content) && message.content.some((block: unknown) => isRecord(block) && block.type === 'tool_result')
const isSameMessage = (a: SessionEntry, b: SessionEntry): boolean =>
  a.type === 'assistant' && a.message?.id !== undefined && a.message.id === b.message?.id

/** The files of the subagents by id: in the folder of the session, or on 2.0 beside its file. */
async function subagentsOf({ path, sessionId }: SessionFile): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const look = async (folder: string, isOurs: (path: string) => Promise<boolean>): Promise<void> => {
    for (const name of await readdir(folder).catch(() => [])) {
      const id = /^agent-([\w-]+)\.jsonl$/.exec(name)?.[1]
      if (id !== undefined && (await isOurs(join(folder, name)))) found.set(id, join(folder, name))
    }
  }
  await look(join(folderOf(path), 'subagents'), async () => true)
  await look(dirname(path), async (file) => {
    for await (const { entries } of readSessionFile(file)) return entries[0]?.sessionId === sessionId
    return false
  })
  return found
}

async function infoOf(file: SessionFile): Promise<StoredSession | undefined> {
  const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
  let title: string | undefined
  let generated: string | undefined
  let tag: string | undefined
  let lastPrompt: string | undefined
  let firstPrompt: string | undefined
  let first: SessionEntry | undefined
  let lastPromptAt = 0
  for await (const { entries } of readSessionFile(file.path)) {
    for (const entry of entries) {
      if (entry.type === 'custom-title') title = text(entry.customTitle) ?? title
      else if (entry.type === 'ai-title') generated = text(entry.aiTitle) ?? generated
      else if (entry.type === 'tag') tag = text(entry.tag)
      else if (entry.type === 'last-prompt') lastPrompt = text(entry.lastPrompt) ?? lastPrompt
      if (!isOfConversation(entry)) continue
      first ??= entry
      const prompt = promptOf(entry)
      if (prompt === undefined) continue
      firstPrompt ??= prompt
      lastPromptAt = Date.parse(entry.timestamp ?? '') || lastPromptAt
    }
  }
  if (!first) return undefined
  const { timestamp } = first
  const { modifiedAt, bytes, path, sessionId } = file
  return {
    sessionId,
    path,
    summary: title ?? generated ?? lastPrompt ?? firstPrompt ?? '',
    title,
    firstPrompt,
    tag,
    archived: await isArchived(path, lastPromptAt),
    cwd: text(first.cwd),
    gitBranch: text(first.gitBranch),
    createdAt: timestamp === undefined ? undefined : Date.parse(timestamp),
    modifiedAt,
    bytes,
  }
}

/** A text of a person or a program; not a tool result, not a note of the CLI. */
function promptOf({ type, message, isMeta }: SessionEntry): string | undefined {
  if (type !== 'user' || isMeta === true) return undefined
  const { content } = message ?? {}
  const blocks: readonly unknown[] = Array.isArray(content) ? content : [{ type: 'text', text: content }]
  const textBlock = blocks.find((block) => isRecord(block) && block.type === 'text' && typeof block.text === 'string')
  const words = textBlock === undefined ? '' : String((textBlock as { text: string }).text)
  return words === '' || /^<(?:command|local-command|task-notification|system-reminder)/.test(words) ? undefined : words
}

async function isArchived(path: string, lastPromptAt: number): Promise<boolean> {
  try {
    const mark: unknown = JSON.parse(await readFile(join(folderOf(path), 'archived.json'), 'utf8'))
    return isRecord(mark) && mark.archived === true && Date.parse(String(mark.at)) >= lastPromptAt
  } catch {
    return false
  }
}
